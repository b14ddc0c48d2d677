package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.preamble.model.FrozenModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Law 5: a row among others gives the tokens that it gives alone. */
class Law5EachRowAsAloneTest {
  private static final EngineOptions OPTIONS = EngineOptions.defaults().withThreads(1);

  @Test
  void probe() {
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      Random random = new Random(1);
      List<Optional<FittedAdapter>> adapters = new ArrayList<>(List.of(Optional.empty()));
      for (int i = 0; i < 8; i++) {
        adapters.add(Optional.of(Stories.fitted(model, 1 + random.nextInt(40), i)));
      }
      List<GenerationRequest> requests = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        requests.add(
            GenerationRequest.of(random.ints(1 + random.nextInt(80), 3, 512).toArray())
                .withAdapter(adapters.get(random.nextInt(adapters.size())))
                .withMaxTokens(1 + random.nextInt(30)));
      }
      List<GenerationResult> alone = new ArrayList<>();
      long t = System.nanoTime();
      try (Engine naive = NaiveEngine.open(model, OPTIONS.withQueue(1000))) {
        List<Generation> all = requests.stream().map(naive::submit).toList();
        all.forEach(each -> alone.add(each.await()));
      }
      System.out.println("naive " + (System.nanoTime() - t) / 1e9);
      t = System.nanoTime();
      try (Engine engine = BatchingEngine.open(model, OPTIONS.withQueue(1000))) {
        List<Generation> all = requests.stream().map(engine::submit).toList();
        for (int i = 0; i < all.size(); i++) {
          assertEquals(alone.get(i).tokens(), all.get(i).await().tokens(), "row " + i);
        }
        System.out.println(engine.status());
      }
      System.out.println("batching " + (System.nanoTime() - t) / 1e9);
    }
  }
}
