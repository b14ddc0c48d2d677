package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.Operators;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.training.kernel.Kernels;
import dev.preamble.training.method.LearningMethod;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Loss and gradient of a method's parameters on a batch: one run of the differentiated graph for
 * each task that the batch has rows of.
 */
public final class GradientStep implements AutoCloseable {
  /** Added to a logit, leaves a probability of 0. */
  private static final float NEVER = -1e9f;

  private static final int MANY_LABELS = 1000;

  private final FrozenModel model;
  private final LearningMethod method;
  private final StepGraph graph;
  private final PackedBatch packed;
  private final Optional<LossScale> scale;

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

  /**
   * What a step's loss is about.
   *
   * @param among the words among which alone the right one is asked for, if not the vocabulary
   * @param labels how many labels a batch has at most, at least 1: one that has more takes more
   *     memory
   */
  record Asked(Optional<LabelWords> among, int labels) {
    /** The whole vocabulary. */
    static Asked ofVocabulary(int labels) {
      return new Asked(Optional.empty(), labels);
    }
  }

  /**
   * A step for {@code method}, which is of {@code model}, computed by {@code threads} threads, with
   * batches of many labels in mind.
   */
  public GradientStep(FrozenModel model, LearningMethod method, int threads) {
    this(model, method, Asked.ofVocabulary(MANY_LABELS), threads);
  }

  /** As above, with a loss as {@code asked} says. */
  GradientStep(FrozenModel model, LearningMethod method, Asked asked, int threads) {
    this(model, method, asked, operators(model), threads);
  }

  /** As above, with a graph of {@code operators}. */
  GradientStep(
      FrozenModel model, LearningMethod method, Asked asked, Operators operators, int threads) {
    checkFits(model, method.virtualTokens());
    this(
        model,
        method,
        model.session(
            PackedGraph.training(
                model.graph(), method, asked.among().isPresent(), operators, asked.labels()),
            sessionOptions(threads)),
        LossScale.defaults());
    asked
        .among()
        .ifPresent(
            words ->
                graph.feed(
                    PackedGraph.VOCABULARY_BIAS, bias(words), model.manifest().vocabularySize()));
  }

  /** A step that {@code session} computes, which is then its own. */
  GradientStep(FrozenModel model, LearningMethod method, Session session, LossScale scaleOfHalf) {
    this.model = model;
    this.method = method;
    graph = new StepGraph(session);
    packed = new PackedBatch(model.embeddings());
    scale = Optional.of(scaleOfHalf).filter(each -> graph.takes(PackedGraph.LOSS_SCALE));
  }

  /** The scale of the loss, where the model computes in half precision. */
  public Optional<LossScale> lossScale() {
    return scale;
  }

  /** Takes every token out of the choice that is none of the words. */
  private float[] bias(LabelWords words) {
    float[] bias = new float[model.manifest().vocabularySize()];
    Arrays.fill(bias, NEVER);
    words.tokens().forEach(word -> bias[word] = 0);
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

  /** Kernels are for the processor. */
  private static Operators operators(FrozenModel model) {
    return model.device().isCpu() ? Operators.KERNELS : Operators.STOCK;
  }

  /** Shapes change with every batch: a planned memory pattern would be planned again each time. */
  static SessionOptions sessionOptions(int threads) {
    return SessionOptions.defaults()
        .withThreads(threads)
        .withMemoryPattern(false)
        .withKernels(Kernels.ALL);
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
    return run(parameters, method.noise(Optional.empty()), batch);
  }

  /** As above, with what {@link LearningMethod#noise} drew. */
  Result run(Parameters parameters, Parameters noise, List<Example> batch) {
    method.constrain(parameters);
    graph.feed(parameters);
    graph.feed(noise);
    Front front = new Front(method.kind(), method.virtualTokens(), method.promptLabels());
    int labels = PackedBatch.labels(batch, front);
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
    float factor = scale.map(LossScale::factor).orElse(1f);
    graph.feed(PackedGraph.LOSS_SCALE, new float[] {factor}, 1);
    float loss = 0;
    Optional<Parameters> sum = Optional.empty();
    for (Map.Entry<Integer, List<Example>> task : tasks.entrySet()) {
      graph.feed(LearningMethod.TASK, task.getKey());
      graph.bind(packed.pack(task.getValue(), front, labels));
      graph.run();
      loss += graph.loss();
      Parameters gradient = graph.gradient(parameters);
      sum.ifPresent(gradient::add);
      sum = Optional.of(gradient);
    }
    Parameters gradient = sum.orElseThrow();
    if (factor != 1) {
      gradient.scale(1 / factor);
    }
    return new Result(loss, gradient, labels);
  }

  /** Nanoseconds of all steps so far in which the graph ran. */
  long runNanos() {
    return graph.runNanos();
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
    graph.close();
    packed.close();
  }
}
