package dev.preamble.cli;

import dev.preamble.generation.FittedAdapter;
import dev.preamble.model.FrozenModel;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** The adapters that a command answers under, each by itself. */
final class NamedAdapters {
  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      description = "Folder of an adapter; may be given several times.")
  private List<Path> folders = List.of();

  @Option(
      names = "--task-id",
      paramLabel = "N",
      description = "Task of multitask prompts, from 0 on.")
  private Optional<Integer> task = Optional.empty();

  int count() {
    return folders.size();
  }

  /** Refuses a task of no adapter. */
  void check() {
    if (task.isPresent() && folders.isEmpty()) {
      throw new UsageException("--task-id names a task of the adapter; give --adapter too");
    }
  }

  /**
   * Them fitted to {@code model}; the model as it is, if there are none. What is odd about them
   * goes to {@code err}.
   */
  List<Optional<FittedAdapter>> fit(FrozenModel model, PrintWriter err) {
    OptionalInt number = task.map(OptionalInt::of).orElse(OptionalInt.empty());
    List<Optional<FittedAdapter>> fitted = new ArrayList<>();
    folders.forEach(each -> fitted.add(Optional.of(FittedAdapters.fit(each, model, number, err))));
    return fitted.isEmpty() ? List.of(Optional.empty()) : fitted;
  }
}
