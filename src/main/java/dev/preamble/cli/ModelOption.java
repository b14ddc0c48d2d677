package dev.preamble.cli;

import dev.preamble.model.FrozenModel;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The frozen model that a command works with, and the threads that compute. */
final class ModelOption {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Folder of the exported model.")
  private Path folder;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that compute; all processors if not given.")
  private int threads = Runtime.getRuntime().availableProcessors();

  FrozenModel open() {
    return FrozenModel.open(folder);
  }

  Path folder() {
    return folder;
  }

  int threads() {
    return threads;
  }
}
