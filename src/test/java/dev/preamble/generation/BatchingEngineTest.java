package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.preamble.model.FrozenModel;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchingEngineTest extends EngineContract {
  @Override
  Engine open(FrozenModel model, EngineOptions options) {
    return BatchingEngine.open(model, options);
  }

  @Test
  void threadsThatRestBetweenStepsGiveTheSameTokens() {
    EngineOptions two = OPTIONS.withThreads(2);
    try (Engine spinning = open(model, two.withSpins(true));
        Engine resting = open(model, two.withSpins(false))) {
      List<Generation> expected = List.of(spinning.submit(story(40)), spinning.submit(story(60)));
      List<Generation> found = List.of(resting.submit(story(40)), resting.submit(story(60)));
      for (int i = 0; i < expected.size(); i++) {
        assertArrayEquals(expected.get(i).await().ids(), found.get(i).await().ids());
      }
    }
  }
}
