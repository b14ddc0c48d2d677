package dev.preamble.training.method;

import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import dev.preamble.training.Parameters.Parameter;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A linear layer x W^T + b as PyTorch has it.
 *
 * @param name what its parameters are called, {@code name.weight} [to, from] and {@code name.bias}
 *     [to]
 * @param from elements of a row that enters
 * @param to elements of a row that leaves
 */
record Linear(String name, int from, int to) {

  /** The layer's output for {@code x} [.., from]. */
  Value apply(Ops ops, Inputs inputs, Value x) {
    Value weight = inputs.trained(name + ".weight", to, from);
    Value bias = inputs.trained(name + ".bias", to);
    return ops.add(ops.matMul(x, false, weight, true, 1), bias);
  }

  /** PyTorch's start: uniform within 1 / sqrt(from) of 0, weight and bias. */
  List<Parameter> initial(RandomGenerator random) {
    double bound = 1 / Math.sqrt(from);
    return List.of(
        Parameter.trained(
            name + ".weight", Draws.uniform(random, Math.multiplyExact(to, from), bound), to, from),
        Parameter.trained(name + ".bias", Draws.uniform(random, to, bound), to));
  }

  /** The layer as one that gives zeros. */
  List<Parameter> zero() {
    return List.of(
        Parameter.trained(name + ".weight", new float[Math.multiplyExact(to, from)], to, from),
        Parameter.trained(name + ".bias", new float[to], to));
  }
}
