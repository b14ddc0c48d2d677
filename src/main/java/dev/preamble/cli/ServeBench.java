package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.Engine;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.generation.GeneratedToken;
import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.PrefixStatistics;
import dev.preamble.generation.TokenListener;
import dev.preamble.generation.sampling.Ending;
import dev.preamble.generation.sampling.Sampling;
import dev.preamble.model.Manifest;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/** Runs a workload through an engine, each request when its time has come, and takes times. */
final class ServeBench {
  private final Engine engine;
  private final Manifest manifest;
  private final List<Optional<FittedAdapter>> adapters;
  private final SplittableRandom random;

  /**
   * @param seed what the prompts' tokens are drawn by
   */
  ServeBench(Engine engine, Manifest manifest, List<Optional<FittedAdapter>> adapters, long seed) {
    this.engine = engine;
    this.manifest = manifest;
    this.adapters = adapters;
    this.random = new SplittableRandom(seed);
  }

  /** When the tokens of one request came. Written by the engine's thread, then read by ours. */
  private static final class Times implements TokenListener {
    private final long submitted = System.nanoTime();
    private final List<Long> between = new ArrayList<>();
    private long first;
    private long last;

    @Override
    public void onToken(GeneratedToken token) {
      long now = System.nanoTime();
      if (first == 0) {
        first = now;
      } else {
        between.add(now - last);
      }
      last = now;
    }
  }

  private record Sent(Generation generation, Times times) {}

  /** Runs the requests; each ends after as many tokens as it asks for, whatever these are. */
  Report run(List<Workload.Request> requests, Progress progress) {
    List<Sent> sent = new ArrayList<>();
    long start = System.nanoTime();
    for (Workload.Request request : requests) {
      sleepUntil(start + (long) (request.arrival() * 1e9));
      Times times = new Times();
      sent.add(new Sent(engine.submit(request(request), times), times));
    }
    List<Long> first = new ArrayList<>();
    List<Long> between = new ArrayList<>();
    List<Long> whole = new ArrayList<>();
    long input = 0;
    long output = 0;
    long end = start;
    for (Sent each : sent) {
      GenerationResult result = each.generation().await();
      progress.step(1);
      Times times = each.times();
      first.add(times.first - times.submitted);
      whole.add(times.last - times.submitted);
      between.addAll(times.between);
      input += result.usage().promptTokens();
      output += result.usage().completionTokens();
      end = Math.max(end, times.last);
    }
    return new Report(
        requests.size(),
        (end - start) / 1e9,
        input,
        output,
        Percentiles.of(first),
        Percentiles.of(between),
        Percentiles.of(whole),
        engine.status().prefixes());
  }

  private GenerationRequest request(Workload.Request request) {
    int[] prompt = random.ints(request.input(), 0, manifest.vocabularySize()).toArray();
    Ending never = Ending.MODELS.withIgnoreEos(true);
    return GenerationRequest.of(prompt)
        .withAdapter(adapters.get(request.adapter()))
        .withMaxTokens(request.output())
        .withSampling(Sampling.greedy().withEnding(never));
  }

  private static void sleepUntil(long time) {
    for (long left = time - System.nanoTime(); left > 0; left = time - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  /**
   * What came of it.
   *
   * @param seconds from the start to the last token
   * @param input tokens of all prompts
   * @param output tokens of all answers
   * @param first from submission to the first token
   * @param between from one token to the next
   * @param whole from submission to the last token
   */
  record Report(
      int requests,
      double seconds,
      long input,
      long output,
      Percentiles first,
      Percentiles between,
      Percentiles whole,
      PrefixStatistics prefixes) {
    void describe(ObjectNode json) {
      json.put("requests", requests)
          .put("seconds", seconds)
          .put("requests_per_second", requests / seconds)
          .put("input_tokens", input)
          .put("output_tokens", output)
          .put("output_tokens_per_second", output / seconds);
      json.set("first_token_milliseconds", first.json());
      json.set("between_tokens_milliseconds", between.json());
      json.set("whole_milliseconds", whole.json());
      json.putObject("prefixes")
          .put("hits", prefixes.hits())
          .put("misses", prefixes.misses())
          .put("evictions", prefixes.evictions())
          .put("bytes", prefixes.bytes());
    }

    @Override
    public String toString() {
      return String.format(
              Locale.ROOT,
              "%,d requests in %.2f s: %.2f requests a second, %.1f tokens a second%n",
              requests,
              seconds,
              requests / seconds,
              output / seconds)
          + "first token:    %s%nbetween tokens: %s%nwhole request:  %s%n"
              .formatted(first, between, whole)
          + "prefixes:       %,d reused, %,d computed, %,d given up"
              .formatted(prefixes.hits(), prefixes.misses(), prefixes.evictions());
    }
  }
}
