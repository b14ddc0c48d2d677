package dev.preamble.training;

import java.util.List;
import java.util.Optional;

/**
 * Rows ready to be trained on or scored. Those of a file larger than memory are read as they are
 * asked for, until the dataset is closed.
 *
 * @param name what the rows are called in reports
 * @param examples the rows, at least one
 * @param labels the labels, when the rows are classified by words
 * @param badLines lines of the file that were left out, of many the first
 * @param leftOut how many they are
 * @param shortened rows whose beginning had no room
 * @param digest what identifies the rows: the SHA-256 of their file, empty when there is none
 */
public record Dataset(
    String name,
    List<Example> examples,
    Optional<LabelWords> labels,
    List<BadLine> badLines,
    long leftOut,
    long shortened,
    String digest)
    implements AutoCloseable {
  /** A line that could not be used, and why. */
  public record BadLine(long number, String reason) {}

  /** Refuses a dataset without rows. */
  public Dataset {
    examples = examples instanceof IndexedExamples ? examples : List.copyOf(examples);
    badLines = List.copyOf(badLines);
    if (examples.isEmpty()) {
      throw new TrainingException(
          name + ": expected at least one row of data, found none that can be used");
    }
  }

  /** Rows that stand in no file. */
  public Dataset(
      String name, List<Example> examples, Optional<LabelWords> labels, List<BadLine> badLines) {
    this(name, examples, labels, badLines, badLines.size(), 0, "");
  }

  /** Tokens of the row at {@code index}. */
  int length(int index) {
    return examples instanceof IndexedExamples indexed
        ? indexed.length(index)
        : examples.get(index).length();
  }

  /** Task of the row at {@code index}. */
  int task(int index) {
    return examples instanceof IndexedExamples indexed
        ? indexed.task(index)
        : examples.get(index).task();
  }

  /** Tokens of the longest row. */
  int longest() {
    int longest = 0;
    for (int i = 0; i < examples.size(); i++) {
      longest = Math.max(longest, length(i));
    }
    return longest;
  }

  /** Labels of the row that has most. */
  int mostLabels() {
    return examples instanceof IndexedExamples indexed
        ? indexed.mostLabels()
        : examples.stream().mapToInt(Example::labels).max().orElseThrow();
  }

  @Override
  public void close() {
    if (examples instanceof IndexedExamples indexed) {
      indexed.close();
    }
  }
}
