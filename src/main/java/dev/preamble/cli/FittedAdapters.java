package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/** Adapters named on the command line, made ready for a model and described in answers. */
final class FittedAdapters {
  private FittedAdapters() {}

  /**
   * The adapter in {@code folder}, fitted to {@code model}; what is odd about it goes to {@code
   * err}.
   */
  static FittedAdapter fit(Path folder, FrozenModel model, PrintWriter err) {
    return fit(folder, model, OptionalInt.empty(), err);
  }

  /** The same for one of the adapter's tasks. */
  static FittedAdapter fit(Path folder, FrozenModel model, OptionalInt task, PrintWriter err) {
    Adapter adapter = Adapter.open(folder);
    adapter.warnings().forEach(warning -> err.println("preamble: warning: " + warning));
    return FittedAdapter.fit(adapter, model, task);
  }

  /** Says in {@code report} which adapter an answer is from. */
  static void describe(Optional<FittedAdapter> adapter, ObjectNode report) {
    report.put("adapter", adapter.map(FittedAdapter::name).orElse(null));
    report.put("adapter_digest", adapter.map(FittedAdapter::digest).orElse(null));
    report.put("virtual_tokens", adapter.map(FittedAdapter::virtualTokens).orElse(0));
  }
}
