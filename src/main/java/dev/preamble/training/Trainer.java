package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import dev.preamble.training.method.LearningMethod;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Trains an adapter. The same model, data, settings and machine give the same parameters, bit for
 * bit.
 *
 * <p>Each epoch sees the rows in an order of its own, drawn from the seed; the last batch of an
 * epoch holds what is left. The gradient of a batch is that of the mean loss over its labels.
 */
public final class Trainer {
  private final FrozenModel model;
  private final TrainingConfig config;
  private final LearningMethod method;

  /**
   * A trainer of {@code model} with {@code config}.
   *
   * @throws TrainingException if the model has no room for the virtual tokens
   */
  public Trainer(FrozenModel model, TrainingConfig config) {
    this.model = model;
    this.config = config;
    this.method = config.method().method(model);
    GradientStep.checkFits(model, method.virtualTokens());
  }

  /**
   * Trains on {@code data}.
   *
   * @param evaluation what scores the prompt after each epoch, if anything
   * @return the adapter that was learned
   * @throws TrainingException if a row does not fit the model, or the loss is no number
   */
  public Adapter train(Dataset data, Optional<Evaluation> evaluation, TrainingListener listener) {
    checkLengths(data);
    Random random = new Random(config.seed());
    Parameters parameters = method.initial(data.labels(), random);
    List<List<Example>> batches = batches(data.examples(), random);
    int perEpoch = batches.size() / config.epochs();
    listener.epoch(
        new TrainingListener.Epoch(
            0,
            config.epochs(),
            0,
            evaluation.map(each -> each.scores(method.adapter(parameters)))));
    double sum = 0;
    try (GradientStep step = new GradientStep(model, method, config.threads())) {
      PromptOptimizer optimizer =
          new PromptOptimizer(config.optimizer(), parameters, batches.size());
      for (int i = 0; i < batches.size(); i++) {
        GradientStep.Result result = step.run(parameters, batches.get(i));
        TrainingListener.Step done = optimizer.step(parameters, result, batches.get(i).size());
        sum += result.loss();
        listener.step(done);
        if ((i + 1) % perEpoch == 0) {
          listener.epoch(
              new TrainingListener.Epoch(
                  (i + 1) / perEpoch,
                  config.epochs(),
                  sum / perEpoch,
                  evaluation.map(each -> each.scores(method.adapter(parameters)))));
          sum = 0;
        }
      }
    }
    return method.adapter(parameters);
  }

  /** Data to score on, with what scores it. */
  public record Evaluation(Evaluator evaluator, Dataset data) {
    Evaluator.Scores scores(Adapter adapter) {
      return evaluator.score(adapter, data);
    }
  }

  /** Number of steps that training on {@code data} takes. */
  public int steps(Dataset data) {
    return config.epochs() * Math.ceilDiv(data.examples().size(), config.batchSize());
  }

  private List<List<Example>> batches(List<Example> examples, Random random) {
    List<List<Example>> batches = new ArrayList<>();
    for (int epoch = 0; epoch < config.epochs(); epoch++) {
      List<Example> order = new ArrayList<>(examples);
      Collections.shuffle(order, random);
      for (int from = 0; from < order.size(); from += config.batchSize()) {
        int to = Math.min(order.size(), from + config.batchSize());
        batches.add(order.subList(from, to));
      }
    }
    return batches;
  }

  private void checkLengths(Dataset data) {
    int room = model.manifest().contextLength() - method.virtualTokens();
    int longest = data.examples().stream().mapToInt(Example::length).max().orElse(0);
    if (longest > room) {
      throw new TrainingException(
          "%s: expected rows of at most %d tokens beside %d virtual ones, for the model has %d positions; found %d; cut them with --max-tokens %d"
              .formatted(
                  data.name(),
                  room,
                  method.virtualTokens(),
                  model.manifest().contextLength(),
                  longest,
                  room));
    }
  }
}
