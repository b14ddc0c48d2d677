package dev.preamble.training;

/**
 * The factor that keeps small gradients of a half-precision graph from vanishing (Micikevicius et
 * al. 2018, section 3.2), found while training: halved when a gradient overflows, doubled after as
 * many steps without one as {@code growthInterval} says.
 */
public final class LossScale {
  private static final float FIRST = 1 << 16;
  private static final int GROWTH_INTERVAL = 2000;

  /** Above this the scaled loss itself would leave float32. */
  private static final float LARGEST = 1L << 40;

  private final int growthInterval;
  private float factor;
  private int stepsSince;
  private int overflows;

  /**
   * Where a scale stands.
   *
   * @param factor what the loss is multiplied with
   * @param stepsSince steps since it was last changed
   * @param overflows gradients that overflowed so far
   */
  record State(float factor, int stepsSince, int overflows) {}

  /** Starts at {@code factor}, a power of two from 1 to 2^40. */
  LossScale(float factor, int growthInterval) {
    if (!(factor >= 1 && factor <= LARGEST) || growthInterval < 1) {
      throw new IllegalArgumentException(
          "loss scale: expected 1 to %s and a growth interval from 1, found %s and %d"
              .formatted(LARGEST, factor, growthInterval));
    }
    this.factor = factor;
    this.growthInterval = growthInterval;
  }

  /** PyTorch's starting point: 65536, doubled after 2,000 steps. */
  static LossScale defaults() {
    return new LossScale(FIRST, GROWTH_INTERVAL);
  }

  /** Where it stands. */
  State state() {
    return new State(factor, stepsSince, overflows);
  }

  /** Goes on from {@code state}. */
  void resume(State state) {
    factor = state.factor();
    stepsSince = state.stepsSince();
    overflows = state.overflows();
  }

  /** What the loss is multiplied with now. */
  public float factor() {
    return factor;
  }

  /** Gradients that overflowed so far, each of which halved the scale and was computed again. */
  public int overflows() {
    return overflows;
  }

  /** Notes a gradient without overflow. */
  void fits() {
    stepsSince++;
    if (stepsSince == growthInterval) {
      factor = Math.min(2 * factor, LARGEST);
      stepsSince = 0;
    }
  }

  /** Notes an overflow; whether there is a smaller scale to try. */
  boolean overflowed() {
    overflows++;
    stepsSince = 0;
    if (factor <= 1) {
      return false;
    }
    factor = Math.max(factor / 2, 1);
    return true;
  }
}
