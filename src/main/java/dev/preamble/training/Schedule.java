package dev.preamble.training;

/**
 * How the learning rate moves: up linearly from 0 over the warm-up, then by its own shape. The
 * formulas are those of transformers' {@code get_*_schedule_with_warmup}, and step t, counted from
 * 0, uses the factor of t.
 */
public enum Schedule {
  /** Stays at the peak. */
  CONSTANT {
    @Override
    double afterWarmup(double progress) {
      return 1;
    }
  },
  /** Falls in a line to 0. */
  LINEAR {
    @Override
    double afterWarmup(double progress) {
      return 1 - progress;
    }
  },
  /** Falls in half a cosine wave to 0. */
  COSINE {
    @Override
    double afterWarmup(double progress) {
      return 0.5 * (1 + Math.cos(Math.PI * progress));
    }
  };

  /** The factor at {@code progress}, 0 at the end of the warm-up and 1 at the end of the run. */
  abstract double afterWarmup(double progress);

  /** The factor on the peak learning rate for {@code step} of {@code steps}. */
  public double factor(int step, int warmup, int steps) {
    if (step < warmup) {
      return (double) step / Math.max(1, warmup);
    }
    double progress = (double) (step - warmup) / Math.max(1, steps - warmup);
    return Math.max(0, afterWarmup(progress));
  }
}
