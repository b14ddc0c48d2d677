package dev.preamble.bench;

import dev.preamble.training.Example;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;

/**
 * The shape of a training batch.
 *
 * @param name what reports call it
 * @param lengths tokens of each row, its labels included
 * @param virtualTokens of the prompt
 * @param labels tokens of each row, from its end, that are learned
 */
record StepSetting(String name, List<Integer> lengths, int virtualTokens, int labels) {
  /** Short texts behind a long prompt, one label. */
  static final StepSetting A = of("a", 16, 30, 100, 1);

  /** Long texts behind a short prompt, a few labels. */
  static final StepSetting B = of("b", 8, 128, 20, 4);

  /** Short texts behind a short prompt, one label. */
  static final StepSetting C = of("c", 16, 30, 16, 1);

  /** Long texts behind a long prompt, every token a label. */
  static final StepSetting D = of("d", 8, 128, 100, 128);

  /** Questions of 13 tokens on average, the longest of 22. */
  static final StepSetting RAGGED_22 =
      new StepSetting(
          "ragged 13 of 22",
          List.of(22, 18, 17, 16, 15, 14, 13, 13, 12, 12, 11, 11, 10, 9, 8, 7),
          16,
          1);

  /** Sentences of 29 tokens on average, the longest of 60. */
  static final StepSetting RAGGED_60 =
      new StepSetting(
          "ragged 29 of 60",
          List.of(60, 46, 41, 37, 34, 31, 29, 27, 26, 24, 23, 21, 19, 17, 15, 14),
          16,
          1);

  static final List<StepSetting> ALL = List.of(A, B, C, D, RAGGED_22, RAGGED_60);

  private static StepSetting of(String name, int rows, int length, int virtualTokens, int labels) {
    return new StepSetting(name, Collections.nCopies(rows, length), virtualTokens, labels);
  }

  /** The one of {@link #ALL} called {@code name}. */
  static StepSetting named(String name) {
    return ALL.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
  }

  /** Whether rows differ in length. */
  boolean isRagged() {
    return lengths.stream().distinct().count() > 1;
  }

  /** The same with every row as long as the longest. */
  StepSetting padded() {
    return of(name + ", padded", rows(), Collections.max(lengths), virtualTokens, labels);
  }

  /** Rows of a batch. */
  int rows() {
    return lengths.size();
  }

  /** A batch of random tokens. */
  List<Example> batch(Random random, int vocabulary) {
    return lengths.stream()
        .map(
            length ->
                new Example(
                    random.ints(length - labels, 0, vocabulary).toArray(),
                    random.ints(labels, 0, vocabulary).toArray(),
                    OptionalInt.empty()))
        .toList();
  }
}
