package dev.preamble.generation;

import dev.preamble.model.FrozenModel;

class BatchingEngineTest extends EngineContract {
  @Override
  Engine open(FrozenModel model, EngineOptions options) {
    return BatchingEngine.open(model, options);
  }
}
