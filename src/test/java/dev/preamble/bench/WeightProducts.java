package dev.preamble.bench;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.Constant;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.runtime.Tensor;
import dev.preamble.training.method.MethodConfig;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * The products of a training step in which a weight takes part, forward and backward, each of its
 * own shape and on the weight itself, with nothing between them: a step on the same runtime takes
 * as long at least. The weights are taken into memory when they are first run.
 */
final class WeightProducts implements AutoCloseable {
  private static final Set<String> PRODUCTS = Set.of("MatMul", "FusedMatMul");

  private final FrozenModel model;
  private final Graph products;
  private final int threads;
  private long operations;
  private final Map<String, Tensor> inputs = new HashMap<>();
  private Optional<Session> session = Optional.empty();

  /** Those of a step in {@code setting} under {@code config}. */
  WeightProducts(FrozenModel model, MethodConfig config, StepSetting setting, int threads) {
    Graph step = PackedGraph.training(model.graph(), config.method(model));
    GraphEditor editor = new GraphEditor(step);
    Ops ops = new Ops(editor);
    Map<String, Value> left = new HashMap<>();
    List<Value> outputs = new ArrayList<>();
    for (Node node : step.nodes()) {
      Constant weight = step.constants().get(node.inputs().getLast());
      if (!PRODUCTS.contains(node.op()) || weight == null) {
        continue;
      }
      Shape shape = step.values().get(node.input(0)).shape();
      long rows = rows(shape.at(-2), setting);
      long width = shape.at(-1).size();
      Value x =
          left.computeIfAbsent(
              "rows_%d_%d".formatted(rows, width),
              name -> editor.input(name, DataType.FLOAT, 1, rows, width));
      String product = editor.fresh("product");
      Shape wide = step.values().get(node.output(0)).shape();
      operations += 2 * rows * width * wide.at(-1).size();
      editor.define(product, DataType.FLOAT, Shape.of(1, rows, wide.at(-1)));
      editor.add(
          new Node(
              node.domain(),
              node.op(),
              List.of(x.name(), weight.name()),
              List.of(product),
              node.attributes()));
      outputs.add(ops.gather(editor.value(product), ops.longs(0), 1));
    }
    this.model = model;
    this.threads = threads;
    products = editor.finish(outputs);
  }

  /** Multiplications and additions of one step's products together. */
  long operations() {
    return operations;
  }

  private Session open() {
    Random random = new Random(1);
    products.inputs().forEach(value -> inputs.put(value.name(), values(value, random)));
    return model.session(
        products, SessionOptions.defaults().withThreads(threads).withMemoryPattern(false));
  }

  /** The number that a dimension of {@link PackedGraph} has in {@code setting}. */
  private static long rows(Shape.Dimension dimension, StepSetting setting) {
    int texts = setting.lengths().stream().mapToInt(length -> length - 1).sum();
    return switch (dimension.symbol()) {
      case "N" -> setting.virtualTokens() + texts;
      case "P" -> setting.virtualTokens();
      case "n" -> (long) setting.labels() * setting.rows();
      default -> throw new IllegalStateException("not a number of rows: " + dimension);
    };
  }

  private static Tensor values(Value value, Random random) {
    long[] shape = value.shape().dimensions().stream().mapToLong(Shape.Dimension::size).toArray();
    Tensor tensor = Tensor.allocate(ElementType.FLOAT32, shape);
    for (long i = 0; i < shape[1] * shape[2]; i++) {
      tensor.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    return tensor;
  }

  /** Computes all products {@code times} times and tells the seconds of each. */
  List<Double> run(int times) {
    Session opened = session.orElseGet(this::open);
    session = Optional.of(opened);
    List<Double> seconds = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      long began = System.nanoTime();
      opened.run(inputs).values().forEach(Tensor::close);
      seconds.add((System.nanoTime() - began) / 1e9);
    }
    return seconds;
  }

  @Override
  public void close() {
    session.ifPresent(Session::close);
    inputs.values().forEach(Tensor::close);
  }
}
