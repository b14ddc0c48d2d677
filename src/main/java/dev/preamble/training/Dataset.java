package dev.preamble.training;

import java.util.List;
import java.util.Optional;

/**
 * Rows ready to be trained on or scored.
 *
 * @param name what the rows are called in reports
 * @param examples the rows, at least one
 * @param labels the labels, when the rows are classified by words
 * @param badLines lines of the file that were left out
 */
public record Dataset(
    String name, List<Example> examples, Optional<LabelWords> labels, List<BadLine> badLines) {
  /** A line that could not be used, and why. */
  public record BadLine(long number, String reason) {}

  /** Refuses a dataset without rows. */
  public Dataset {
    examples = List.copyOf(examples);
    badLines = List.copyOf(badLines);
    if (examples.isEmpty()) {
      throw new TrainingException(
          name + ": expected at least one row of data, found none that can be used");
    }
  }
}
