package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.preamble.model.FrozenModel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Law 5: a row among others gives the tokens that it gives alone. */
class Law5EachRowAsAloneTest {
  private static final EngineOptions OPTIONS = EngineOptions.defaults().withThreads(1);

  @Test
  void interleavedAdaptersAndBaseEqualEachAlone() throws Exception {
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      List<GenerationRequest> requests = requests(model);
      List<GenerationResult> alone = new ArrayList<>();
      for (GenerationRequest request : requests) {
        try (Engine fresh = NaiveEngine.open(model, OPTIONS)) {
          alone.add(fresh.submit(request).await());
        }
      }
      try (Engine engine = NaiveEngine.open(model, OPTIONS);
          ExecutorService clients = Executors.newFixedThreadPool(4)) {
        List<Future<GenerationResult>> mixed =
            requests.stream()
                .map(request -> clients.submit(() -> engine.submit(request).await()))
                .toList();
        for (int i = 0; i < requests.size(); i++) {
          assertEquals(alone.get(i).tokens(), mixed.get(i).get().tokens(), "row " + i);
        }
      }
      List<List<Integer>> firstPrompt = Stories.ids(alone.subList(0, 3));
      assertEquals(3, Set.copyOf(firstPrompt).size(), () -> "all differ: " + firstPrompt);
      assertNotEquals("", alone.getFirst().text());
    }
  }

  /** The base and two adapters in turn over four prompts without BOS, then shuffled. */
  private static List<GenerationRequest> requests(FrozenModel model) {
    List<Optional<FittedAdapter>> adapters =
        List.of(
            Optional.empty(),
            Optional.of(Stories.fitted(model, 8, 1)),
            Optional.of(Stories.fitted(model, 3, 2)));
    List<GenerationRequest> requests = new ArrayList<>();
    for (String prompt : List.of("It was", "Once upon a time", "Lily and Tom", "The dog")) {
      for (Optional<FittedAdapter> adapter : adapters) {
        requests.add(
            GenerationRequest.of(model.tokenizer().encode(prompt, false))
                .withAdapter(adapter)
                .withMaxTokens(20)
                .withLogProbabilities(true));
      }
    }
    Collections.shuffle(requests.subList(3, requests.size()), new Random(3));
    return requests;
  }
}
