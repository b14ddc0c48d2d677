package dev.preamble.training;

/** Among which tokens the loss asks for the right one. */
public enum Objective {
  /** All tokens: the model learns to say the completion. */
  VOCABULARY,
  /** The words of the data's labels: the model learns to tell the labels apart. */
  LABELS
}
