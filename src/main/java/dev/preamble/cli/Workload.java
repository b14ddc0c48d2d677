package dev.preamble.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Requests as a server meets them, as in S-LoRA (Sheng et al. 2023): the times between arrivals
 * follow a Gamma distribution, the popularity of adapters a power law, lengths are uniform.
 *
 * @param requests how many
 * @param rate arrivals a second; 0 for all at once
 * @param variation coefficient of variation of the times between arrivals; 1 for a Poisson process
 * @param exponent the adapter in place i (from 1 on) is wanted in proportion to i to the power of
 *     minus this
 * @param input tokens of a prompt
 * @param output tokens of an answer
 */
record Workload(
    int requests, double rate, double variation, double exponent, Range input, Range output) {

  /** Whole numbers from {@code least} to {@code most}, both included. */
  record Range(int least, int most) {
    Range {
      if (least < 1 || most < least) {
        throw new UsageException(
            "a range of lengths: expected LEAST:MOST from 1 on, such as 8:64, found %d:%d"
                .formatted(least, most));
      }
    }

    int draw(RandomGenerator random) {
      return random.nextInt(least, most + 1);
    }
  }

  /**
   * One request.
   *
   * @param arrival seconds after the start
   * @param adapter place among the adapters
   * @param input tokens of its prompt
   * @param output tokens of its answer
   */
  record Request(double arrival, int adapter, int input, int output) {}

  Workload {
    if (requests < 1 || !(rate >= 0) || !(variation > 0) || !(exponent >= 0)) {
      throw new UsageException(
          "expected at least 1 request, a rate of at least 0, a variation above 0 and an exponent of at least 0; found %d, %s, %s, %s"
              .formatted(requests, rate, variation, exponent));
    }
  }

  /** The requests in the order of arrival, over {@code adapters} adapters. */
  List<Request> draw(int adapters, RandomGenerator random) {
    double[] upTo = new double[adapters];
    double sum = 0;
    for (int i = 0; i < adapters; i++) {
      sum += Math.pow(i + 1, -exponent);
      upTo[i] = sum;
    }
    double shape = 1 / (variation * variation);
    List<Request> drawn = new ArrayList<>();
    double time = 0;
    for (int i = 0; i < requests; i++) {
      time += rate == 0 ? 0 : gamma(shape, random) / (shape * rate);
      int adapter = place(upTo, random.nextDouble() * sum);
      drawn.add(new Request(time, adapter, input.draw(random), output.draw(random)));
    }
    return drawn;
  }

  private static int place(double[] upTo, double drawn) {
    for (int i = 0; i < upTo.length - 1; i++) {
      if (drawn < upTo[i]) {
        return i;
      }
    }
    return upTo.length - 1;
  }

  /**
   * A number of the Gamma distribution with scale 1 (Marsaglia and Tsang 2000), its mean the shape.
   */
  static double gamma(double shape, RandomGenerator random) {
    if (shape < 1) {
      return gamma(shape + 1, random) * Math.pow(1 - random.nextDouble(), 1 / shape);
    }
    double d = shape - 1.0 / 3;
    double c = 1 / Math.sqrt(9 * d);
    while (true) {
      double normal = random.nextGaussian();
      double cube = Math.pow(1 + c * normal, 3);
      if (cube > 0
          && Math.log(1 - random.nextDouble())
              < normal * normal / 2 + d - d * cube + d * Math.log(cube)) {
        return d * cube;
      }
    }
  }
}
