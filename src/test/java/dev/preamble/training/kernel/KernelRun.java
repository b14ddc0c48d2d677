package dev.preamble.training.kernel;

import dev.preamble.onnx.DataType;
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
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** A kernel as a session runs it: its inputs, and what it gives for them. */
final class KernelRun {
  private record Input(Object elements, long[] sizes) {}

  private static final Input LEFT_OUT = new Input(new float[0], new long[0]);

  private final String kernel;
  private final List<Input> inputs = new ArrayList<>();

  KernelRun(String kernel) {
    this.kernel = kernel;
  }

  /** Adds an input of float32. */
  KernelRun floats(float[] elements, long... sizes) {
    inputs.add(new Input(elements, sizes));
    return this;
  }

  /** Adds an input of int64. */
  KernelRun longs(long[] elements, long... sizes) {
    inputs.add(new Input(elements, sizes));
    return this;
  }

  /** Leaves the next {@code count} inputs out. */
  KernelRun leftOut(int count) {
    inputs.addAll(Collections.nCopies(count, LEFT_OUT));
    return this;
  }

  /**
   * The outputs, which have the sizes of the first {@code outputs} inputs.
   *
   * @param inPlace whether inputs lie where outputs may take their place
   */
  List<float[]> run(int outputs, int threads, boolean inPlace) {
    long[][] sizes = inputs.stream().limit(outputs).map(Input::sizes).toArray(long[][]::new);
    return run(sizes, threads, inPlace);
  }

  /** As above with outputs of {@code sizes}. */
  List<float[]> run(long[][] sizes, int threads, boolean inPlace) {
    GraphEditor editor = Graphs.empty(Operators.KERNELS);
    Ops ops = new Ops(editor);
    Map<String, Tensor> fed = new HashMap<>();
    List<Value> values = new ArrayList<>();
    for (Input input : inputs) {
      if (input == LEFT_OUT) {
        values.add(Ops.LEFT_OUT);
        continue;
      }
      String name = "in" + values.size();
      Object[] dimensions = LongStream.of(input.sizes()).boxed().toArray();
      boolean real = input.elements() instanceof float[];
      Value value = editor.input(name, real ? DataType.FLOAT : DataType.INT64, dimensions);
      values.add(real && inPlace ? ops.unary("Neg", ops.unary("Neg", value)) : value);
      fed.put(
          name,
          input.elements() instanceof float[] floats
              ? Tensor.floats(floats, input.sizes())
              : Tensor.longs((long[]) input.elements(), input.sizes()));
    }
    List<Shape> shapes =
        Stream.of(sizes).map(each -> Shape.of(LongStream.of(each).boxed().toArray())).toList();
    List<Value> results = ops.kernel(kernel, shapes, values.toArray(Value[]::new));
    SessionOptions options =
        SessionOptions.defaults().withThreads(threads).withKernels(Kernels.ALL);
    try (Session session = Session.open(GraphWriter.write(editor.finish(results)), options)) {
      Map<String, Tensor> found = session.run(fed);
      List<float[]> given = results.stream().map(r -> found.get(r.name()).toFloats()).toList();
      found.values().forEach(Tensor::close);
      return given;
    } finally {
      fed.values().forEach(Tensor::close);
    }
  }
}
