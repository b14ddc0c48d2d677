package dev.preamble.training;

import dev.preamble.peft.Adapter;
import dev.preamble.runtime.OrtException;
import dev.preamble.training.method.LearningMethod;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** One run from its first step, or from a checkpoint, to its end. */
final class TrainingLoop {
  /** Sets what a step draws apart from what the next one does, and from the order of the rows. */
  private static final long NOISE = 0x9E3779B97F4A7C15L;

  private final LearningMethod method;
  private final TrainingConfig config;
  private final Dataset data;
  private final Optional<Trainer.Evaluation> evaluation;
  private final TrainingListener listener;
  private final TrainingControl control;
  private final BatchPlan plan;
  private final Parameters parameters;
  private final PromptOptimizer optimizer;
  private final Optional<Checkpoint> start;
  private Optional<LossScale> scale = Optional.empty();
  private double lossSum;
  private Optional<Checkpoint.Best> best = Optional.empty();
  private Optional<Evaluator.Scores> bestScores = Optional.empty();
  private int unimproved;

  TrainingLoop(
      LearningMethod method,
      TrainingConfig config,
      BatchPlan plan,
      Dataset data,
      Optional<Trainer.Evaluation> evaluation,
      TrainingListener listener,
      TrainingControl control) {
    this.method = method;
    this.config = config;
    this.plan = plan;
    this.data = data;
    this.evaluation = evaluation;
    this.listener = listener;
    this.control = control;
    Parameters initial = method.initial(data.labels(), new Random(config.seed()));
    start = control.start().apply(initial);
    parameters = start.map(Checkpoint::parameters).orElse(initial);
    optimizer = new PromptOptimizer(config.optimizer(), parameters, plan.steps());
    start.ifPresent(this::resume);
  }

  private void resume(Checkpoint from) {
    optimizer.resume(from.step(), from.optimizer());
    lossSum = from.lossSum();
    best = from.best();
    unimproved = from.unimproved();
  }

  /**
   * What gives loss and gradient of parameters on a batch, with what {@link LearningMethod#noise}
   * drew for it: {@link GradientStep#run}.
   */
  @FunctionalInterface
  interface Gradients {
    GradientStep.Result run(Parameters parameters, Parameters noise, List<Example> batch);
  }

  /** Runs it with {@code gradients}, whose losses are multiplied with {@code scaleOfLoss}. */
  Trainer.Outcome run(Gradients gradients, Optional<LossScale> scaleOfLoss) {
    scale = scaleOfLoss;
    start
        .flatMap(Checkpoint::lossScale)
        .ifPresent(state -> scale.ifPresent(each -> each.resume(state)));
    if (start.isEmpty()) {
      listener.epoch(
          new TrainingListener.Epoch(0, config.epochs(), 0, evaluation.map(each -> scored(each))));
    }
    while (optimizer.done() < plan.steps() && !outOfPatience()) {
      int epoch = plan.epochsAfter(optimizer.done());
      List<List<int[]>> steps = plan.epoch(epoch);
      int next = optimizer.done() - plan.stepsBefore(epoch);
      while (next < steps.size() && !outOfPatience()) {
        step(gradients, steps.get(next));
        next++;
        afterStep(epoch, next == steps.size(), steps.size());
      }
    }
    return outcome();
  }

  private boolean outOfPatience() {
    int patience = config.evaluation().patience();
    return patience > 0 && unimproved >= patience;
  }

  private void step(Gradients gradients, List<int[]> batches) {
    int rows = batches.stream().mapToInt(batch -> batch.length).sum();
    Random random = new Random(config.seed() ^ NOISE * (optimizer.done() + 1));
    GradientStep.Result result =
        batches.size() == 1
            ? run(gradients, batches.getFirst(), random)
            : accumulated(gradients, batches, random);
    lossSum += result.loss();
    listener.step(optimizer.step(parameters, result, rows));
  }

  /** The mean over the labels of all batches, as if they were one. */
  private GradientStep.Result accumulated(Gradients gradients, List<int[]> batches, Random random) {
    Parameters sum = parameters.trainable().zeros();
    double loss = 0;
    int labels = 0;
    for (int[] batch : batches) {
      GradientStep.Result result = run(gradients, batch, random);
      result.gradient().scale(result.labels());
      sum.add(result.gradient());
      loss += (double) result.loss() * result.labels();
      labels += result.labels();
    }
    sum.scale(1f / labels);
    return new GradientStep.Result((float) (loss / labels), sum, labels);
  }

  private GradientStep.Result run(Gradients gradients, int[] batch, Random random) {
    List<Example> rows = Arrays.stream(batch).mapToObj(data.examples()::get).toList();
    try {
      return gradients.run(parameters, method.noise(Optional.of(random)), rows);
    } catch (OutOfMemoryError fault) {
      throw outOfMemory(rows, fault);
    } catch (OrtException fault) {
      if (fault.isOutOfMemory()) {
        throw outOfMemory(rows, fault);
      }
      throw fault;
    }
  }

  private TrainingException outOfMemory(List<Example> rows, Throwable cause) {
    return new TrainingException(
        "step %d: out of memory with a batch of %d rows and %,d tokens; bound it with --batch-tokens or --batch-size, and raise --accumulate as much to learn the same"
            .formatted(
                optimizer.done() + 1, rows.size(), rows.stream().mapToLong(Example::length).sum()),
        cause);
  }

  private void afterStep(int epoch, boolean epochEnds, int stepsOfEpoch) {
    int step = optimizer.done();
    int every = config.evaluation().every();
    boolean runEnds = step == plan.steps();
    boolean scores = every == 0 ? epochEnds : step % every == 0 || runEnds;
    Optional<Evaluator.Scores> scored =
        scores ? evaluation.map(each -> scored(each)) : Optional.empty();
    if (epochEnds) {
      listener.epoch(
          new TrainingListener.Epoch(epoch + 1, config.epochs(), lossSum / stepsOfEpoch, scored));
      lossSum = 0;
    } else {
      scored.ifPresent(
          each -> listener.scored(new TrainingListener.Scored(step, plan.steps(), each)));
    }
    boolean stopped = !runEnds && control.stopped().getAsBoolean();
    boolean saves = control.every() == 0 ? epochEnds : step % control.every() == 0;
    if (stopped || saves && !runEnds) {
      control.save().accept(checkpoint());
    }
    if (stopped) {
      throw new TrainingStoppedException(
          "stopped after step %d of %d".formatted(step, plan.steps()));
    }
  }

  private Evaluator.Scores scored(Trainer.Evaluation each) {
    Evaluator.Scores scores = each.scores(adapter(parameters));
    double value = config.evaluation().best().value(scores);
    if (best.isEmpty() || value > best.get().value()) {
      best = Optional.of(new Checkpoint.Best(optimizer.done(), parameters.copy(), value));
      bestScores = Optional.of(scores);
      unimproved = 0;
    } else {
      unimproved++;
    }
    return scores;
  }

  private Checkpoint checkpoint() {
    return new Checkpoint(
        optimizer.done(),
        lossSum,
        parameters,
        optimizer.state(),
        scale.map(LossScale::state),
        best,
        unimproved,
        0,
        Map.of());
  }

  private Trainer.Outcome outcome() {
    Adapter adapter = adapter(best.map(Checkpoint.Best::parameters).orElse(parameters));
    Optional<Evaluator.Scores> scores =
        bestScores.or(() -> evaluation.map(each -> each.scores(adapter)));
    return new Trainer.Outcome(
        adapter,
        scores,
        optimizer.done(),
        best.map(Checkpoint.Best::step).orElse(optimizer.done()),
        plan.steps());
  }

  private Adapter adapter(Parameters from) {
    Parameters allowed = from.copy();
    method.constrain(allowed);
    return method.adapter(allowed);
  }
}
