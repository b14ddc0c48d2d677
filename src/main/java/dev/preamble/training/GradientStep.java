package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.RunOptions;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.runtime.Tensor;
import dev.preamble.runtime.TensorInfo;
import dev.preamble.training.Parameters.Parameter;
import dev.preamble.training.method.LearningMethod;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Loss and gradient of a method's parameters on a batch: one run of the differentiated graph for
 * each task that the batch has rows of.
 */
public final class GradientStep implements AutoCloseable {
  /** Added to a logit, leaves a probability of 0. */
  private static final float NEVER = -1e9f;

  private final FrozenModel model;
  private final LearningMethod method;
  private final Session session;
  private final Set<String> inputNames;
  private final RunOptions options = new RunOptions();
  private final Map<String, Tensor> held = new HashMap<>();
  private final Optional<LossScale> scale;
  private long runNanos;

  /**
   * What a batch says of the parameters.
   *
   * @param loss mean cross-entropy in nats over all labels of the batch, weighted where the method
   *     weighs them
   * @param gradient d(loss)/d(parameter), for what is trainable
   * @param labels labels of the batch: completion tokens, and virtual tokens where the method asks
   *     for them
   */
  public record Result(float loss, Parameters gradient, int labels) {}

  /** A step for {@code method}, which is of {@code model}, computed by {@code threads} threads. */
  public GradientStep(FrozenModel model, LearningMethod method, int threads) {
    this(model, method, Optional.empty(), threads);
  }

  /** As above, with a loss among the words of {@code among} alone, where it is given. */
  GradientStep(FrozenModel model, LearningMethod method, Optional<LabelWords> among, int threads) {
    checkFits(model, method.virtualTokens());
    this(
        model,
        method,
        model.session(
            PackedGraph.training(model.graph(), method, among.isPresent()),
            sessionOptions(threads)),
        LossScale.defaults());
    among.ifPresent(words -> held.put(PackedGraph.VOCABULARY_BIAS, bias(words)));
  }

  /** A step that {@code session} computes, which is then its own. */
  GradientStep(FrozenModel model, LearningMethod method, Session session, LossScale scaleOfHalf) {
    this.model = model;
    this.method = method;
    this.session = session;
    inputNames = session.inputs().stream().map(TensorInfo::name).collect(Collectors.toSet());
    scale = Optional.of(scaleOfHalf).filter(each -> inputNames.contains(PackedGraph.LOSS_SCALE));
  }

  /** The scale of the loss, where the model computes in half precision. */
  public Optional<LossScale> lossScale() {
    return scale;
  }

  /** Takes every token out of the choice that is none of the words. */
  private Tensor bias(LabelWords words) {
    int vocabulary = model.manifest().vocabularySize();
    Tensor bias = Tensor.allocate(ElementType.FLOAT32, vocabulary);
    for (int i = 0; i < vocabulary; i++) {
      bias.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, NEVER);
    }
    words.tokens().forEach(word -> bias.data().setAtIndex(ValueLayout.JAVA_FLOAT, word, 0f));
    return bias;
  }

  /** Refuses prompts that leave no position for a text. */
  static void checkFits(FrozenModel model, int virtualTokens) {
    int positions = model.manifest().contextLength();
    if (virtualTokens < 1 || virtualTokens > positions - 2) {
      throw new TrainingException(
          "virtual tokens: expected 1 to %d, for the model has %d positions; found %d"
              .formatted(positions - 2, positions, virtualTokens));
    }
  }

  /** Shapes change with every batch: a planned memory pattern would be planned again each time. */
  static SessionOptions sessionOptions(int threads) {
    return SessionOptions.defaults().withThreads(threads).withMemoryPattern(false);
  }

  /**
   * Runs one step. The method's constraint is applied to {@code parameters} first. A gradient that
   * overflows half precision is computed again with half the {@link LossScale}, so no batch is
   * lost; one that overflows even unscaled is returned as it is.
   *
   * @throws TrainingException if the batch has nothing to learn, or a row of a task that the method
   *     does not have
   */
  public Result run(Parameters parameters, List<Example> batch) {
    method.constrain(parameters);
    parameters.all().forEach(this::hold);
    Front front = new Front(method.kind(), method.virtualTokens(), method.promptLabels());
    int labels = PackedBatch.labels(batch, front, PackedBatch.Wanted.COMPLETION);
    Map<Integer, List<Example>> tasks = byTask(batch);
    Result result = run(tasks, front, labels, parameters);
    while (scale.isPresent() && Float.isFinite(result.loss())) {
      if (Double.isFinite(result.gradient().norm())) {
        scale.get().fits();
        break;
      }
      if (!scale.get().overflowed()) {
        break;
      }
      result = run(tasks, front, labels, parameters);
    }
    return result;
  }

  private Result run(
      Map<Integer, List<Example>> tasks, Front front, int labels, Parameters parameters) {
    float loss = 0;
    float factor = scale.map(LossScale::factor).orElse(1f);
    Parameters gradient = parameters.trainable().zeros();
    for (Map.Entry<Integer, List<Example>> task : tasks.entrySet()) {
      loss += run(task.getKey(), task.getValue(), front, labels, factor, gradient);
    }
    if (factor != 1) {
      gradient.scale(1 / factor);
    }
    return new Result(loss, gradient, labels);
  }

  /** Nanoseconds of all steps so far in which the graph ran. */
  long runNanos() {
    return runNanos;
  }

  /** Adds to {@code gradient} what the rows of one task give; their part of the loss. */
  private float run(
      int task, List<Example> rows, Front front, int labels, float factor, Parameters gradient) {
    Set<String> wanted = new HashSet<>(Set.of(PackedGraph.LOSS));
    gradient.names().forEach(name -> wanted.add(output(name)));
    try (PackedBatch packed =
            new PackedBatch(
                rows, front, labels, model.embeddings(), PackedBatch.Wanted.COMPLETION);
        Tensor which = Tensor.longs(new long[] {task}, 1);
        Tensor scaling = Tensor.floats(new float[] {factor})) {
      Map<String, Tensor> inputs = new HashMap<>(packed.inputs());
      inputs.putAll(held);
      if (method.tasks() > 1) {
        inputs.put(LearningMethod.TASK, which);
      }
      inputs.put(PackedGraph.LOSS_SCALE, scaling);
      inputs.keySet().retainAll(inputNames);
      long began = System.nanoTime();
      Map<String, Tensor> outputs = session.run(inputs, wanted, options);
      runNanos += System.nanoTime() - began;
      try {
        for (Parameter each : gradient.all()) {
          add(outputs.get(output(each.name())), each.values());
        }
        return outputs.get(PackedGraph.LOSS).toFloats()[0];
      } finally {
        outputs.values().forEach(Tensor::close);
      }
    }
  }

  private static void add(Tensor from, float[] to) {
    MemorySegment data = from.data();
    for (int i = 0; i < to.length; i++) {
      to[i] += data.getAtIndex(ValueLayout.JAVA_FLOAT, i);
    }
  }

  private static String output(String parameter) {
    return PackedGraph.gradient(LearningMethod.input(parameter));
  }

  private void hold(Parameter parameter) {
    Tensor tensor =
        held.computeIfAbsent(
            LearningMethod.input(parameter.name()),
            name -> {
              long[] shape = parameter.shape().stream().mapToLong(Integer::longValue).toArray();
              return Tensor.allocate(ElementType.FLOAT32, shape);
            });
    float[] values = parameter.values();
    MemorySegment.copy(values, 0, tensor.data(), ValueLayout.JAVA_FLOAT, 0, values.length);
  }

  private Map<Integer, List<Example>> byTask(List<Example> batch) {
    Map<Integer, List<Example>> tasks = new TreeMap<>();
    for (Example row : batch) {
      if (row.task() >= method.tasks()) {
        throw new TrainingException(
            "a row of task %d: expected tasks below %d; give --tasks %d"
                .formatted(row.task(), method.tasks(), row.task() + 1));
      }
      tasks.computeIfAbsent(row.task(), task -> new ArrayList<>()).add(row);
    }
    return tasks;
  }

  @Override
  public void close() {
    session.close();
    options.close();
    held.values().forEach(Tensor::close);
  }
}
