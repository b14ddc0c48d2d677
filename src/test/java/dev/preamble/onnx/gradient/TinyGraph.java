package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Attribute;
import dev.preamble.onnx.Constant;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphWriter;
import dev.preamble.onnx.Graphs;
import dev.preamble.onnx.Operators;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.runtime.Tensor;
import dev.preamble.training.kernel.Kernels;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * A graph of a few operators with random inputs, whose gradient is compared with central
 * differences: every output element, weighted at random, flows into the loss.
 */
final class TinyGraph {
  /** A power of two, so that x + STEP - (x - STEP) is exact. */
  private static final float STEP = 1f / 128;

  final GraphEditor editor;
  final Ops ops;

  private final Random random = new Random(7);
  private final Map<String, Feed> feeds = new LinkedHashMap<>();
  private final List<Value> trainable = new ArrayList<>();

  /** A graph of stock operators. */
  TinyGraph() {
    this(Operators.STOCK);
  }

  /** A graph that may be built of {@code operators}. */
  TinyGraph(Operators operators) {
    editor = Graphs.empty(operators);
    ops = new Ops(editor);
  }

  /** An input's values and sizes. */
  private record Feed(float[] values, long[] sizes) {}

  /** A trainable input of values in (-2, 2), away from 0. */
  Value trainable(long... sizes) {
    return trainable(Shape.of(LongStream.of(sizes).boxed().toArray()), sizes);
  }

  /** As above, declared with {@code shape}, which may have symbols. */
  Value trainable(Shape shape, long... sizes) {
    Value value = fed(shape, random(sizes, 0.25f, 2, true), sizes);
    trainable.add(value);
    return value;
  }

  /** A trainable input of values in (0.5, 2). */
  Value positive(long... sizes) {
    Value value =
        fed(Shape.of(LongStream.of(sizes).boxed().toArray()), random(sizes, 0.5f, 2, false), sizes);
    trainable.add(value);
    return value;
  }

  /** An input that is not trained. */
  Value frozen(long... sizes) {
    return fed(
        Shape.of(LongStream.of(sizes).boxed().toArray()), random(sizes, 0.25f, 2, true), sizes);
  }

  /** A vector that is part of the graph. */
  Value constant(int width) {
    ByteBuffer bytes = ByteBuffer.allocate(width * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(random(new long[] {width}, 0.25f, 2, true));
    return editor.constant(
        new Constant(
            editor.fresh("constant"),
            DataType.FLOAT,
            List.of((long) width),
            new Constant.Inline(bytes.array())));
  }

  /** An operator with one output. */
  Value emit(String op, Shape shape, Map<String, Attribute> attributes, Value... inputs) {
    return ops.emit("", op, DataType.FLOAT, shape, attributes, inputs);
  }

  /**
   * The largest gap between a gradient element and its central difference, relative to the largest
   * element of all.
   */
  double gradientError(Value y) {
    float[] weights;
    Map<String, float[]> numeric = new HashMap<>();
    try (Session forward = open(editor.finish(List.of(y)))) {
      int size = run(forward).get(y.name()).length;
      weights = random(new long[] {size}, 0.25f, 2, true);
      for (Value input : trainable) {
        numeric.put(input.name(), differences(forward, y, input, weights));
      }
    }
    Value flat = ops.reshape(y, Shape.of("size"), -1);
    Value weighting = fed(Shape.of("size"), weights, weights.length);
    Value loss = ops.sum(ops.mul(flat, weighting));
    List<Value> gradients = Gradient.of(editor, loss, trainable, List.of(), Optional.empty());
    double largest = 0;
    double worst = 0;
    try (Session session = open(editor.finish(gradients))) {
      Map<String, float[]> found = run(session);
      for (int i = 0; i < trainable.size(); i++) {
        float[] expected = numeric.get(trainable.get(i).name());
        float[] gradient = found.get(gradients.get(i).name());
        if (gradient.length != expected.length) {
          throw new AssertionError(
              "%d gradient elements for %d values".formatted(gradient.length, expected.length));
        }
        for (int j = 0; j < expected.length; j++) {
          largest = Math.max(largest, Math.abs(expected[j]));
          worst = Math.max(worst, Math.abs(expected[j] - gradient[j]));
        }
      }
    }
    return worst / largest;
  }

  /** Adds the gradients of the sum of all elements of {@code y}. */
  List<Value> differentiate(Value y) {
    return Gradient.of(editor, ops.sum(y), trainable, List.of(), Optional.empty());
  }

  private float[] differences(Session forward, Value y, Value input, float[] weights) {
    float[] values = feeds.get(input.name()).values();
    float[] differences = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      float kept = values[i];
      values[i] = kept + STEP;
      float[] above = run(forward).get(y.name());
      values[i] = kept - STEP;
      float[] below = run(forward).get(y.name());
      double rise = ((double) (kept + STEP)) - (kept - STEP);
      values[i] = kept;
      differences[i] =
          (float)
              IntStream.range(0, weights.length)
                  .mapToDouble(j -> weights[j] * ((double) above[j] - below[j]) / rise)
                  .sum();
    }
    return differences;
  }

  private Map<String, float[]> run(Session session) {
    Map<String, Tensor> inputs = new HashMap<>();
    session
        .inputs()
        .forEach(
            info -> {
              Feed feed = feeds.get(info.name());
              inputs.put(info.name(), Tensor.floats(feed.values(), feed.sizes()));
            });
    Map<String, Tensor> outputs = session.run(inputs);
    Map<String, float[]> found = new HashMap<>();
    outputs.forEach((name, tensor) -> found.put(name, tensor.toFloats()));
    outputs.values().forEach(Tensor::close);
    inputs.values().forEach(Tensor::close);
    return found;
  }

  private static Session open(Graph graph) {
    return Session.open(
        GraphWriter.write(graph),
        SessionOptions.defaults().withThreads(2).withKernels(Kernels.ALL));
  }

  private Value fed(Shape shape, float[] values, long... sizes) {
    String name = "x" + feeds.size();
    feeds.put(name, new Feed(values, sizes));
    return editor.input(name, DataType.FLOAT, shape.dimensions().toArray());
  }

  private float[] random(long[] sizes, float least, float most, boolean signed) {
    float[] values = new float[Math.toIntExact(LongStream.of(sizes).reduce(1, (a, b) -> a * b))];
    for (int i = 0; i < values.length; i++) {
      float magnitude = random.nextFloat(least, most);
      values[i] = signed && random.nextBoolean() ? -magnitude : magnitude;
    }
    return values;
  }
}
