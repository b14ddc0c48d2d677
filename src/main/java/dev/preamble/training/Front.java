package dev.preamble.training;

import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.training.method.PromptLabels;

/**
 * What a packed batch must know of what stands in front of its rows.
 *
 * @param kind how it enters the model
 * @param virtualTokens its positions, possibly none
 * @param labels virtual tokens that are predicted themselves
 */
record Front(PackedEntry.Kind kind, int virtualTokens, PromptLabels labels) {
  /** A front from which nothing is asked itself. */
  static Front of(PackedEntry.Kind kind, int virtualTokens) {
    return new Front(kind, virtualTokens, PromptLabels.NONE);
  }

  /** Its positions in the packed sequence. */
  int packed() {
    return kind.packed(virtualTokens);
  }
}
