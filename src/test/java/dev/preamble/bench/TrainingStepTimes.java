package dev.preamble.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.training.Example;
import dev.preamble.training.GradientStep;
import dev.preamble.training.OptimizerConfig;
import dev.preamble.training.Parameters;
import dev.preamble.training.PromptOptimizer;
import dev.preamble.training.method.LearningMethod;
import dev.preamble.training.method.PromptTuningConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * Seconds of whole training steps (forward, loss, backward, AdamW) here and in PEFT float32, on the
 * same model with as many threads. The two take turns, so that what else the machine does hits
 * both; the fastest step of each is what the machine can do.
 *
 * @param setting the batch's shape
 * @param preamble seconds of each step here
 * @param peft seconds of each step in PEFT
 */
record TrainingStepTimes(StepSetting setting, List<Double> preamble, List<Double> peft) {
  private static final int WARM_UP = 3;

  /** Steps of ours between two turns of PEFT's {@link #PEFT_STEPS}: about as long. */
  private static final int STEPS = 8;

  private static final int PEFT_STEPS = 2;

  static TrainingStepTimes measure(
      FrozenModel model, StepSetting setting, int threads, int rounds) {
    List<Double> here = new ArrayList<>();
    List<Double> there = new ArrayList<>();
    Random random = new Random(1);
    int vocabulary = model.manifest().vocabularySize();
    LearningMethod method = PromptTuningConfig.defaults(setting.virtualTokens()).method(model);
    Parameters parameters = method.initial(Optional.empty(), random);
    PromptOptimizer optimizer =
        new PromptOptimizer(OptimizerConfig.defaults(), parameters, Integer.MAX_VALUE);
    try (GradientStep step = new GradientStep(model, method, threads)) {
      for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < WARM_UP + STEPS; i++) {
          List<Example> batch = setting.batch(random, vocabulary);
          long began = System.nanoTime();
          optimizer.step(parameters, step.run(parameters, batch), setting.rows());
          if (i >= WARM_UP) {
            here.add((System.nanoTime() - began) / 1e9);
          }
        }
        there.addAll(peft(model, setting, threads));
      }
    }
    return new TrainingStepTimes(setting, here, there);
  }

  private static List<Double> peft(FrozenModel model, StepSetting setting, int threads) {
    JsonNode answer =
        Oracle.shared()
            .call(
                "time_steps",
                Map.of(
                    "model", model.folder().toString(),
                    "rows", setting.rows(),
                    "text_len", setting.textTokens(),
                    "virtual_tokens", setting.virtualTokens(),
                    "labels_per_row", setting.labels(),
                    "steps", PEFT_STEPS,
                    "warmup_steps", 1,
                    "threads", threads));
    List<Double> seconds = new ArrayList<>();
    answer.path("seconds").forEach(each -> seconds.add(each.asDouble()));
    return seconds;
  }

  /** PEFT's fastest step over ours. */
  double ratioOfBest() {
    return best(peft) / best(preamble);
  }

  /** PEFT's middle step over ours. */
  double ratioOfMedians() {
    return median(peft) / median(preamble);
  }

  static double best(List<Double> seconds) {
    return seconds.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
  }

  static double median(List<Double> seconds) {
    return seconds.stream().sorted().toList().get(seconds.size() / 2);
  }

  @Override
  public String toString() {
    return "setting %s: %.1f ms a step, PEFT float32 %.1f ms: %.2f times as fast (medians %.2f)"
        .formatted(
            setting.name(),
            1000 * best(preamble),
            1000 * best(peft),
            ratioOfBest(),
            ratioOfMedians());
  }
}
