package dev.preamble.training;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The files of a run beside the adapter that comes of it. */
final class RunFolder {
  private static final String CHECKPOINT = "checkpoint.safetensors";
  private static final String METRICS = "metrics.jsonl";

  private final Path folder;

  RunFolder(Path folder) {
    this.folder = folder;
  }

  Path checkpoint() {
    return folder.resolve(CHECKPOINT);
  }

  Path metrics() {
    return folder.resolve(METRICS);
  }

  /**
   * The state that a run with {@code identity} and parameters {@code like} goes on from.
   *
   * @throws TrainingException if there is none, or it is of another run
   */
  Checkpoint resume(Parameters like, Map<String, String> identity) {
    if (!Files.exists(checkpoint())) {
      throw new TrainingException(
          "--resume: expected an unfinished run in %s, found no %s there"
              .formatted(folder, CHECKPOINT));
    }
    Checkpoint found = Checkpoint.read(checkpoint(), like);
    identity.forEach(
        (what, value) -> {
          String before = found.identity().getOrDefault(what, "none");
          if (!before.equals(value)) {
            throw new TrainingException(
                "--resume: the run in %s was begun with another %s (%s), found %s; give what it was begun with, or begin anew with --restart"
                    .formatted(folder, what, before, value));
          }
        });
    return found;
  }

  /**
   * Refuses a folder that a new run cannot be written to; makes nothing.
   *
   * @param anew whether an unfinished run there is given up
   */
  void check(boolean anew) {
    if (!anew && Files.exists(checkpoint())) {
      throw new TrainingException(
          "%s: holds a run that is not finished; go on with it by --resume, or begin anew with --restart"
              .formatted(folder));
    }
    Path there = folder.toAbsolutePath();
    while (!Files.exists(there)) {
      there = there.getParent();
    }
    if (!Files.isDirectory(there)) {
      throw new TrainingException(
          "%s: expected a folder or a name for one, found the file %s; give another --out"
              .formatted(folder, there));
    }
    if (!Files.isWritable(there)) {
      throw new TrainingException(
          "%s: expected a folder that can be written to, found no permission to write to %s; give another --out"
              .formatted(folder, there));
    }
  }

  /** Makes the folder, if there is none. */
  void make() {
    try {
      Files.createDirectories(folder);
    } catch (IOException fault) {
      throw new TrainingException(
          "%s: cannot be made: %s".formatted(folder, WholeFile.reason(fault)), fault);
    }
  }

  /** Takes away what is left of an unfinished run and keeps the settings of the new one. */
  void begin(Optional<String> settings) {
    finish();
    settings.ifPresent(
        text ->
            WholeFile.write(
                folder.resolve(TrainingRun.SETTINGS), text.getBytes(StandardCharsets.UTF_8)));
  }

  /** Takes away what an unfinished run needs and a finished one does not. */
  void finish() {
    try {
      Files.deleteIfExists(checkpoint());
    } catch (IOException fault) {
      throw new PreambleException(
          "%s: cannot be deleted: %s".formatted(checkpoint(), WholeFile.reason(fault)), fault);
    }
  }

  /** What to do about a fault, given what the folder holds. */
  String goesOn() {
    return Files.exists(checkpoint())
        ? "; the run is kept in %s and goes on from there with: preamble train --resume --out %s"
            .formatted(checkpoint(), folder)
        : "";
  }
}
