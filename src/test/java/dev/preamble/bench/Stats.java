package dev.preamble.bench;

import java.util.List;

/** What a list of measured numbers comes to. */
final class Stats {
  private Stats() {}

  static double best(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
  }

  static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }
}
