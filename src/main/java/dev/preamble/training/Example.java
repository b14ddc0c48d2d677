package dev.preamble.training;

import java.util.BitSet;
import java.util.OptionalInt;

/**
 * One row of data as token ids.
 *
 * @param prompt what the model is given; nothing is learned from it
 * @param completion what comes next, at least one token
 * @param given which tokens of the completion are given to the model as well, such as a question
 *     between two answers: all others, at least one and the last among them, are the labels
 * @param label which of the data's labels the completion stands for, if it stands for one
 * @param task which of several tasks that are learned together the row belongs to, from 0 on
 * @param cut tokens that stood before the prompt and had no room
 */
public record Example(
    int[] prompt, int[] completion, BitSet given, OptionalInt label, int task, int cut) {
  /** Refuses a row without anything to learn. */
  public Example {
    if (task < 0) {
      throw new TrainingException("task: expected 0 or more, found " + task);
    }
    if (completion.length == 0) {
      throw new IllegalArgumentException("an example needs a completion");
    }
    if (given.length() >= completion.length) {
      throw new IllegalArgumentException("an example's last token is to be learned");
    }
  }

  /** A row of the only task whose whole completion is learned. */
  public Example(int[] prompt, int[] completion, OptionalInt label) {
    this(prompt, completion, new BitSet(), label, 0);
  }

  /** A row that has room. */
  public Example(int[] prompt, int[] completion, BitSet given, OptionalInt label, int task) {
    this(prompt, completion, given, label, task, 0);
  }

  /** The same row, of another task. */
  public Example ofTask(int other) {
    return new Example(prompt, completion, given, label, other, cut);
  }

  /** Tokens of prompt and completion. */
  public int length() {
    return prompt.length + completion.length;
  }

  /** Tokens that are learned. */
  public int labels() {
    return completion.length - given.cardinality();
  }
}
