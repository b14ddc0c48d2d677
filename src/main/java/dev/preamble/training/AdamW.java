package dev.preamble.training;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019), the arithmetic of PyTorch's {@code
 * AdamW}: p is scaled by 1 - lr * decay, then moved by lr / (1 - b1^t) * m / (sqrt(v / (1 - b2^t))
 * + epsilon).
 */
final class AdamW {
  private final OptimizerConfig config;
  private final float[] first;
  private final float[] second;
  private int steps;

  AdamW(OptimizerConfig config, int parameters) {
    this.config = config;
    first = new float[parameters];
    second = new float[parameters];
  }

  /** Moves {@code parameters} by {@code gradient} at {@code learningRate}. */
  void step(float[] parameters, float[] gradient, double learningRate) {
    steps++;
    float b1 = (float) config.beta1();
    float b2 = (float) config.beta2();
    float keep = (float) (1 - learningRate * config.weightDecay());
    float stepSize = (float) (learningRate / (1 - Math.pow(config.beta1(), steps)));
    float correction = (float) Math.sqrt(1 - Math.pow(config.beta2(), steps));
    float epsilon = (float) config.epsilon();
    for (int i = 0; i < parameters.length; i++) {
      float g = gradient[i];
      first[i] += (g - first[i]) * (1 - b1);
      second[i] = second[i] * b2 + g * g * (1 - b2);
      float scale = (float) Math.sqrt(second[i]) / correction + epsilon;
      parameters[i] = parameters[i] * keep - stepSize * first[i] / scale;
    }
  }
}
