package dev.preamble.training.method;

import dev.preamble.training.TrainingException;

/** Checks that the methods' settings share. */
final class Settings {
  private Settings() {}

  static void atLeastOne(String setting, int found) {
    if (found < 1) {
      throw new TrainingException("%s: expected 1 or more, found %d".formatted(setting, found));
    }
  }
}
