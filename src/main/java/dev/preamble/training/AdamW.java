package dev.preamble.training;

import java.util.Map;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019), the arithmetic of PyTorch's {@code
 * AdamW}: p is scaled by 1 - lr * decay, then moved by lr / (1 - b1^t) * m / (sqrt(v / (1 - b2^t))
 * + epsilon).
 */
final class AdamW implements ParameterOptimizer {
  private final OptimizerConfig config;
  private final float[] first;
  private final float[] second;

  AdamW(OptimizerConfig config, int values) {
    this.config = config;
    first = new float[values];
    second = new float[values];
  }

  @Override
  public void step(int step, float[] parameter, float[] gradient, double learningRate) {
    float b1 = (float) config.beta1();
    float b2 = (float) config.beta2();
    float keep = (float) (1 - learningRate * config.weightDecay());
    float stepSize = (float) (learningRate / (1 - Math.pow(config.beta1(), step)));
    float correction = (float) Math.sqrt(1 - Math.pow(config.beta2(), step));
    float epsilon = (float) config.epsilon();
    for (int i = 0; i < parameter.length; i++) {
      float g = gradient[i];
      float mean = first[i] + (g - first[i]) * (1 - b1);
      float square = second[i] * b2 + g * g * (1 - b2);
      first[i] = mean;
      second[i] = square;
      float scale = (float) Math.sqrt(square) / correction + epsilon;
      parameter[i] = parameter[i] * keep - stepSize * mean / scale;
    }
  }

  @Override
  public Map<String, float[]> state() {
    return Map.of("first_moment", first, "second_moment", second);
  }
}
