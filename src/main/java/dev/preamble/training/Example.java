package dev.preamble.training;

import java.util.OptionalInt;

/**
 * One row of data as token ids.
 *
 * @param prompt what the model is given; nothing is learned from it
 * @param completion what it should say next, at least one token: the labels
 * @param label which of the data's labels the completion stands for, if it stands for one
 * @param task which of several tasks that are learned together the row belongs to, from 0 on
 */
public record Example(int[] prompt, int[] completion, OptionalInt label, int task) {
  /** A row of the only task. */
  public Example(int[] prompt, int[] completion, OptionalInt label) {
    this(prompt, completion, label, 0);
  }

  /** Refuses a row without anything to learn. */
  public Example {
    if (task < 0) {
      throw new TrainingException("task: expected 0 or more, found " + task);
    }
    if (completion.length == 0) {
      throw new IllegalArgumentException("an example needs a completion");
    }
  }

  /** Tokens of prompt and completion. */
  public int length() {
    return prompt.length + completion.length;
  }
}
