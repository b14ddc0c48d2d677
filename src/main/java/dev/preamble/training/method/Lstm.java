package dev.preamble.training.method;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import dev.preamble.training.Parameters.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;

/**
 * A bidirectional LSTM over a sequence of fixed length, as PyTorch's {@code nn.LSTM} computes it,
 * unrolled: z_t = W_ih x_t + b_ih + W_hh h_(t-1) + b_hh, cut into i, f, g, o; c_t = sigmoid(f)
 * c_(t-1) + sigmoid(i) tanh(g); h_t = sigmoid(o) tanh(c_t). Both directions take their steps
 * together, in products over a batch of two.
 *
 * @param name what its parameters are called
 * @param steps length of the sequence
 * @param from elements of a row that enters
 * @param hidden elements of a state, a direction; rows of twice as many leave
 * @param layers each reads the states of the one before
 * @param dropout share of the states between two layers that is set to 0 while training, the others
 *     divided by what is left; one mask a batch, where PEFT, whose batch has a copy of the sequence
 *     for each row, draws one a row
 */
record Lstm(String name, int steps, int from, int hidden, int layers, double dropout) {
  private static final List<String> DIRECTIONS = List.of("", "_reverse");

  /** The states [steps, 2 * hidden] for {@code x} [steps, from]. */
  Value apply(Ops ops, Inputs inputs, Value x) {
    Value rows = x;
    for (int layer = 0; layer < layers; layer++) {
      rows = layer(ops, inputs, layer == 0 ? rows : dropped(ops, inputs, rows, layer - 1), layer);
    }
    return rows;
  }

  private Value dropped(Ops ops, Inputs inputs, Value rows, int layer) {
    return dropout == 0 ? rows : ops.mul(rows, inputs.frozen(mask(layer), steps, 2 * hidden));
  }

  private String mask(int layer) {
    return name + ".dropout_l" + layer;
  }

  /** The masks behind all layers but the last, drawn by {@code random}, else of ones. */
  List<Parameter> masks(Optional<RandomGenerator> random) {
    List<Parameter> masks = new ArrayList<>();
    for (int layer = 0; dropout > 0 && layer < layers - 1; layer++) {
      float[] mask = new float[Math.multiplyExact(steps, 2 * hidden)];
      for (int i = 0; i < mask.length; i++) {
        boolean drops = random.isPresent() && random.get().nextDouble() < dropout;
        mask[i] = drops ? 0 : random.isPresent() ? (float) (1 / (1 - dropout)) : 1;
      }
      masks.add(Parameter.frozen(mask(layer), mask, steps, 2 * hidden));
    }
    return masks;
  }

  private Value layer(Ops ops, Inputs inputs, Value rows, int layer) {
    Value forwards = entering(ops, inputs, rows, layer, DIRECTIONS.get(0));
    Value backwards = entering(ops, inputs, reversed(ops, rows), layer, DIRECTIONS.get(1));
    Value entering = ops.concat(0, forwards, backwards);
    Value recurrent =
        ops.concat(
            0,
            ops.unsqueeze(recurrent(inputs, layer, DIRECTIONS.get(0)), 0),
            ops.unsqueeze(recurrent(inputs, layer, DIRECTIONS.get(1)), 0));
    Value state = zeros(ops);
    Value cell = zeros(ops);
    List<Value> states = new ArrayList<>();
    for (int t = 0; t < steps; t++) {
      Value z = ops.add(part(ops, entering, 1, t, 1), ops.matMul(state, false, recurrent, true, 1));
      Value input = ops.unary("Sigmoid", gate(ops, z, 0));
      Value forget = ops.unary("Sigmoid", gate(ops, z, 1));
      Value candidate = ops.unary("Tanh", gate(ops, z, 2));
      Value output = ops.unary("Sigmoid", gate(ops, z, 3));
      cell = ops.add(ops.mul(forget, cell), ops.mul(input, candidate));
      state = ops.mul(output, ops.unary("Tanh", cell));
      states.add(state);
    }
    Value both = steps == 1 ? state : ops.concat(1, states.toArray(Value[]::new));
    Value ahead = ops.reshape(part(ops, both, 0, 0, 1), Shape.of(steps, hidden), steps, hidden);
    Value back = ops.reshape(part(ops, both, 0, 1, 1), Shape.of(steps, hidden), steps, hidden);
    return ops.concat(1, ahead, reversed(ops, back));
  }

  /** W_ih x + b_ih + b_hh of one direction, [1, steps, 4 * hidden]. */
  private Value entering(Ops ops, Inputs inputs, Value rows, int layer, String direction) {
    String suffix = "_l" + layer + direction;
    Value weight = inputs.trained(name + ".weight_ih" + suffix, 4 * hidden, width(layer));
    Value own = inputs.trained(name + ".bias_ih" + suffix, 4 * hidden);
    Value other = inputs.trained(name + ".bias_hh" + suffix, 4 * hidden);
    Value product = ops.matMul(rows, false, weight, true, 1);
    return ops.unsqueeze(ops.add(ops.add(product, own), other), 0);
  }

  private Value recurrent(Inputs inputs, int layer, String direction) {
    return inputs.trained(name + ".weight_hh_l" + layer + direction, 4 * hidden, hidden);
  }

  private Value reversed(Ops ops, Value rows) {
    long[] order = LongStream.range(0, steps).map(i -> steps - 1 - i).toArray();
    return ops.gather(rows, ops.longs(order), 0);
  }

  private Value gate(Ops ops, Value z, int which) {
    return part(ops, z, 2, which * hidden, hidden);
  }

  private static Value part(Ops ops, Value x, int axis, int from, int count) {
    return ops.slice(x, axis, ops.longs(from), ops.longs(from + count), Shape.Dimension.of(count));
  }

  private Value zeros(Ops ops) {
    return ops.emit(
        "",
        "ConstantOfShape",
        DataType.FLOAT,
        Shape.of(2, 1, hidden),
        Map.of(),
        ops.longs(2, 1, hidden));
  }

  private int width(int layer) {
    return layer == 0 ? from : 2 * hidden;
  }

  /** PyTorch's start: everything uniform within 1 / sqrt(hidden) of 0. */
  List<Parameter> initial(RandomGenerator random) {
    double bound = 1 / Math.sqrt(hidden);
    List<Parameter> parameters = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      for (String direction : DIRECTIONS) {
        String suffix = "_l" + layer + direction;
        int gates = 4 * hidden;
        parameters.add(drawn(random, bound, "weight_ih" + suffix, gates, width(layer)));
        parameters.add(drawn(random, bound, "weight_hh" + suffix, gates, hidden));
        parameters.add(drawn(random, bound, "bias_ih" + suffix, gates));
        parameters.add(drawn(random, bound, "bias_hh" + suffix, gates));
      }
    }
    return parameters;
  }

  private Parameter drawn(RandomGenerator random, double bound, String part, Integer... shape) {
    int count = List.of(shape).stream().reduce(1, Math::multiplyExact);
    return Parameter.trained(name + "." + part, Draws.uniform(random, count, bound), shape);
  }
}
