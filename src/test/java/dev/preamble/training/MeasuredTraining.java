package dev.preamble.training;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.Operators;
import dev.preamble.training.method.LearningMethod;
import dev.preamble.training.method.MethodConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Steps of a run, as the run takes them, with the time of each: rows looked up and packed, forward,
 * loss, backward, optimiser, the line in {@code metrics.jsonl}.
 */
public final class MeasuredTraining implements AutoCloseable {
  private final Path folder;
  private final GradientStep gradients;
  private final Parameters parameters;
  private final PromptOptimizer optimizer;
  private final Journal journal;

  /**
   * How long a step took.
   *
   * @param whole seconds in all
   * @param outside seconds of them that ONNX Runtime did not compute
   */
  public record Time(double whole, double outside) {}

  /** A run of {@code config} on {@code model}, which takes batches like {@code batch}. */
  public MeasuredTraining(
      FrozenModel model, MethodConfig config, List<Example> batch, int threads) {
    this(model, config, batch, Operators.KERNELS, threads);
  }

  /** As above, with a graph of {@code operators}. */
  public MeasuredTraining(
      FrozenModel model,
      MethodConfig config,
      List<Example> batch,
      Operators operators,
      int threads) {
    LearningMethod method = config.method(model);
    parameters = method.initial(Optional.empty(), new Random(1));
    OptimizerConfig adamW = OptimizerConfig.defaults();
    optimizer = new PromptOptimizer(adamW, parameters, Integer.MAX_VALUE);
    try {
      folder = Files.createTempDirectory("preamble-measured");
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
    Dataset data = new Dataset("random", batch, Optional.empty(), List.of());
    TrainingConfig settings = new TrainingConfig(config, 1, 1, adamW, 1, threads);
    TrainingRun run =
        new TrainingRun(model, settings, data, Optional.empty(), Optional.empty(), folder);
    journal = new Journal(run, new RunFolder(folder), Integer.MAX_VALUE);
    journal.start(parameters, Optional.empty(), Optional.empty());
    GradientStep.Asked asked =
        GradientStep.Asked.ofVocabulary(batch.stream().mapToInt(Example::labels).sum());
    gradients = new GradientStep(model, method, asked, operators, threads);
  }

  /** Takes a step on {@code batch}. */
  public Time step(List<Example> batch) {
    long computed = gradients.runNanos();
    long began = System.nanoTime();
    GradientStep.Result result = gradients.run(parameters, batch);
    journal.step(optimizer.step(parameters, result, batch.size()));
    long whole = System.nanoTime() - began;
    return new Time(whole / 1e9, (whole - gradients.runNanos() + computed) / 1e9);
  }

  @Override
  public void close() {
    gradients.close();
    journal.close();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }
}
