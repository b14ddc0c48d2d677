package dev.preamble.training;

import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.runtime.Binding;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.Tensor;
import dev.preamble.runtime.TensorInfo;
import dev.preamble.training.Parameters.Parameter;
import dev.preamble.training.method.LearningMethod;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A training graph with memory for its inputs and outputs, the same in every step. A graph has
 * those inputs alone that its loss depends on; what it has none for is not fed.
 */
final class StepGraph implements AutoCloseable {
  private final Session session;
  private final Binding binding;
  private final Set<String> inputs;
  private final Map<String, Tensor> fed = new HashMap<>();
  private final Tensor loss;

  /** Memory of each parameter, by its name; of its gradient, where training moves it. */
  private final Map<String, Tensor> values = new HashMap<>();

  private final Map<String, Tensor> gradients = new HashMap<>();
  private long runNanos;

  /** The graph of {@code session}, which is then its own. */
  StepGraph(Session session) {
    this.session = session;
    binding = session.bind();
    inputs = session.inputs().stream().map(TensorInfo::name).collect(Collectors.toSet());
    loss = output(PackedGraph.LOSS);
  }

  /** Whether the graph has an input called {@code name}. */
  boolean takes(String name) {
    return inputs.contains(name);
  }

  /** Gives {@code values} to the float input {@code name}. */
  void feed(String name, float[] values, long... shape) {
    if (takes(name)) {
      copy(values, fed.computeIfAbsent(name, each -> input(name, ElementType.FLOAT32, shape)));
    }
  }

  /** Gives {@code value} to the int64 input {@code name} of one element. */
  void feed(String name, long value) {
    if (takes(name)) {
      fed.computeIfAbsent(name, each -> input(name, ElementType.INT64, 1))
          .data()
          .set(ValueLayout.JAVA_LONG, 0, value);
    }
  }

  /** Gives the parameters their values, and those that training moves memory for a gradient. */
  void feed(Parameters parameters) {
    for (Parameter each : parameters.all()) {
      if (!values.containsKey(each.name())) {
        declare(each);
      }
      copy(each.values(), values.get(each.name()));
    }
  }

  private void declare(Parameter parameter) {
    String name = LearningMethod.input(parameter.name());
    long[] shape = parameter.shape().stream().mapToLong(Integer::longValue).toArray();
    values.put(parameter.name(), input(name, ElementType.FLOAT32, shape));
    if (parameter.trainable()) {
      gradients.put(parameter.name(), output(PackedGraph.gradient(name), shape));
    }
  }

  private static void copy(float[] values, Tensor to) {
    MemorySegment.copy(values, 0, to.data(), ValueLayout.JAVA_FLOAT, 0, values.length);
  }

  /** Has inputs read from {@code tensors}, which stay the caller's. */
  void bind(Map<String, Tensor> tensors) {
    tensors.forEach(
        (name, tensor) -> {
          if (takes(name)) {
            binding.bindInput(name, tensor);
          }
        });
  }

  /** Runs the graph. */
  void run() {
    long began = System.nanoTime();
    binding.run();
    runNanos += System.nanoTime() - began;
  }

  /** Nanoseconds of all runs so far. */
  long runNanos() {
    return runNanos;
  }

  /** The loss that the last run gave. */
  float loss() {
    return loss.data().get(ValueLayout.JAVA_FLOAT, 0);
  }

  /** What the last run gave for those of {@code parameters} that training moves. */
  Parameters gradient(Parameters parameters) {
    List<Parameter> found = new ArrayList<>();
    for (Parameter each : parameters.trainable().all()) {
      found.add(each.with(gradients.get(each.name()).toFloats()));
    }
    return new Parameters(found);
  }

  private Tensor input(String name, ElementType type, long... shape) {
    Tensor tensor = Tensor.allocate(type, shape);
    binding.bindInput(name, tensor);
    return tensor;
  }

  private Tensor output(String name, long... shape) {
    Tensor tensor = Tensor.allocate(ElementType.FLOAT32, shape);
    binding.bindOutput(name, tensor);
    return tensor;
  }

  @Override
  public void close() {
    binding.close();
    session.close();
    loss.close();
    List.of(fed, values, gradients).forEach(each -> each.values().forEach(Tensor::close));
  }
}
