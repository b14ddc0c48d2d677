package dev.preamble.training;

import java.util.ArrayList;
import java.util.List;

/** The losses of a run's steps. */
final class Losses implements TrainingListener {
  private final List<Float> values = new ArrayList<>();

  @Override
  public void step(Step step) {
    values.add(step.loss());
  }

  List<Float> values() {
    return values;
  }
}
