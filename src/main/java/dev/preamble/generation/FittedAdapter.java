package dev.preamble.generation;

import dev.preamble.PreambleException;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.Manifest;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.AdapterEntry;

/**
 * An adapter that is known to fit one model, ready to enter it.
 *
 * @param name what messages call it
 * @param digest identity of the adapter's content; what caches go by
 * @param model identity of the model that it was fitted to
 * @param entry how it enters that model
 */
public record FittedAdapter(String name, String digest, String model, AdapterEntry entry) {
  /**
   * Checks that {@code adapter} can run on {@code model}.
   *
   * @throws PreambleException if it was made for a model of another shape, or takes all of the
   *     model's context
   */
  public static FittedAdapter fit(Adapter adapter, FrozenModel model) {
    Manifest manifest = model.manifest();
    if (adapter.virtualTokens() >= manifest.contextLength()) {
      throw new PreambleException(
          "%s takes %,d positions in front of the text; expected fewer than the model's %,d"
              .formatted(adapter.name(), adapter.virtualTokens(), manifest.contextLength()));
    }
    return new FittedAdapter(
        adapter.name(), adapter.digest(), model.digest(), adapter.entry(model.baseModel().shape()));
  }

  /** Positions that the adapter takes in front of the text. */
  public int virtualTokens() {
    return entry.count();
  }
}
