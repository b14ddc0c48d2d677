package dev.preamble.bench;

import dev.preamble.training.Example;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;

/**
 * The shape of a training batch.
 *
 * @param name what reports call it
 * @param rows of data
 * @param textTokens of each row, its labels included
 * @param virtualTokens of the prompt
 * @param labels tokens of each row, from its end, that are learned
 */
record StepSetting(String name, int rows, int textTokens, int virtualTokens, int labels) {
  /** Short texts behind a long prompt, one label. */
  static final StepSetting A = new StepSetting("a", 16, 30, 100, 1);

  /** Long texts behind a short prompt, a few labels. */
  static final StepSetting B = new StepSetting("b", 8, 128, 20, 4);

  /** Short texts behind a short prompt, one label. */
  static final StepSetting C = new StepSetting("c", 16, 30, 16, 1);

  /** Long texts behind a long prompt, every token a label. */
  static final StepSetting D = new StepSetting("d", 8, 128, 100, 128);

  static final List<StepSetting> ALL = List.of(A, B, C, D);

  /** A batch of random tokens. */
  List<Example> batch(Random random, int vocabulary) {
    return Stream.generate(
            () ->
                new Example(
                    random.ints(textTokens - labels, 0, vocabulary).toArray(),
                    random.ints(labels, 0, vocabulary).toArray(),
                    OptionalInt.empty()))
        .limit(rows)
        .toList();
  }
}
