package dev.preamble.server;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/** Borders between the bars of histograms. */
final class Buckets {
  /** From a millisecond to two minutes. */
  static final Duration[] TIMES =
      LongStream.of(
              1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000,
              120_000)
          .mapToObj(Duration::ofMillis)
          .toArray(Duration[]::new);

  private static final double[] TOKENS =
      DoubleStream.iterate(1, tokens -> tokens <= 1 << 15, tokens -> 2 * tokens).toArray();

  private Buckets() {}

  /** A histogram of numbers of tokens. */
  static DistributionSummary tokens(MeterRegistry registry, String name, Tags tags) {
    return DistributionSummary.builder(name)
        .tags(tags)
        .serviceLevelObjectives(TOKENS)
        .register(registry);
  }
}
