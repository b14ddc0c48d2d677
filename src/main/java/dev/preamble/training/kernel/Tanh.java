package dev.preamble.training.kernel;

/**
 * The hyperbolic tangent of many numbers at once, off by less than 3e-7: a quotient of polynomials
 * u P(u^2) / Q(u^2) on [-LIMIT, LIMIT], the minimax one that Eigen and ONNX Runtime's MLAS use too.
 */
final class Tanh {
  /** Beyond it float32 knows no tangent but 1. */
  static final float LIMIT = 7.905311f;

  private Tanh() {}

  /**
   * Puts tanh(u) into {@code result}.
   *
   * @param u numbers in [-LIMIT, LIMIT]
   */
  static void of(float[] u, float[] result, int count) {
    for (int i = 0; i < count; i++) {
      float q = u[i] * u[i];
      float high = (-2.76076847742355e-16f * q + 2.00018790482477e-13f) * q - 8.60467152213735e-11f;
      float middle = (high * q + 5.12229709037114e-08f) * q + 1.48572235717979e-05f;
      float above = (middle * q + 6.37261928875436e-04f) * q + 4.89352455891786e-03f;
      float first = (1.19825839466702e-06f * q + 1.18534705686654e-04f) * q + 2.26843463243900e-03f;
      float below = first * q + 4.89352518554385e-03f;
      result[i] = u[i] * above / below;
    }
  }
}
