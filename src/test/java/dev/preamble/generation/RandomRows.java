package dev.preamble.generation;

import dev.preamble.generation.sampling.Penalties;
import dev.preamble.generation.sampling.Sampling;
import dev.preamble.generation.sampling.Truncation;
import dev.preamble.model.FrozenModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Requests of every sort, drawn by a seed, and what each gives alone in the plain engine. */
record RandomRows(List<GenerationRequest> requests, List<GenerationResult> alone) {
  /** Positions that a row takes at most. */
  private static final int LONGEST = 150;

  static RandomRows of(FrozenModel model, int count, long seed) {
    Random random = new Random(seed);
    int longest = Math.min(LONGEST, model.manifest().contextLength());
    List<Optional<FittedAdapter>> adapters = new ArrayList<>(List.of(Optional.empty()));
    for (int i = 0; i < 7; i++) {
      adapters.add(Optional.of(Stories.fitted(model, 1 + random.nextInt(4 * longest / 15), i)));
    }
    int vocabulary = model.manifest().vocabularySize();
    int[] shared = random.ints(4 * longest / 15, 3, vocabulary).toArray();
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] own = random.ints(1 + random.nextInt(longest / 3), 3, vocabulary).toArray();
      GenerationRequest request =
          GenerationRequest.of(random.nextInt(3) > 0 ? own : joined(shared, own))
              .withAdapter(adapters.get(random.nextInt(adapters.size())))
              .withMaxTokens(1 + random.nextInt(2 * longest / 15))
              .withLogProbabilities(random.nextBoolean())
              .withSampling(sampling(random));
      requests.add(request);
    }
    List<GenerationResult> alone = new ArrayList<>();
    try (Engine naive =
        NaiveEngine.open(model, EngineOptions.defaults().withThreads(1).withQueue(count))) {
      List<Generation> all = requests.stream().map(naive::submit).toList();
      all.forEach(each -> alone.add(each.await()));
    }
    return new RandomRows(requests, alone);
  }

  private static int[] joined(int[] first, int[] second) {
    int[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private static Sampling sampling(Random random) {
    if (random.nextBoolean()) {
      return Sampling.greedy();
    }
    return Sampling.greedy()
        .withTemperature(0.3 + random.nextDouble())
        .withTruncation(new Truncation(random.nextInt(40), 0.5 + random.nextDouble() / 2, 0))
        .withPenalties(new Penalties(1 + random.nextDouble(), random.nextDouble(), 0))
        .withSeed(random.nextLong());
  }
}
