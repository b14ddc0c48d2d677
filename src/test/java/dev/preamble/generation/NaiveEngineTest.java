package dev.preamble.generation;

import dev.preamble.model.FrozenModel;

class NaiveEngineTest extends EngineContract {
  @Override
  Engine open(FrozenModel model, EngineOptions options) {
    return NaiveEngine.open(model, options);
  }
}
