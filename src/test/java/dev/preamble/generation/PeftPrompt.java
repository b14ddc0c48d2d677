package dev.preamble.generation;

import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Prompts that real PEFT trains for the story models, a few steps. */
public final class PeftPrompt {
  private static final List<String> STORIES =
      List.of(
          "The robot said: beep, beep, I am a robot and I like oil.",
          "The robot flew to the moon and ate a stone.",
          "One day the robot met a cat. The cat said: beep.",
          "The robot sang: oil, oil, oil, all day long.");

  private PeftPrompt() {}

  /**
   * Saves a prompt of {@code rows} rows for the model in {@code folder}, trained on odd stories.
   */
  public static Path train(Path folder, Path target, int rows, int steps) {
    List<Map<String, Object>> batch = new ArrayList<>();
    try (FrozenModel model = FrozenModel.open(folder)) {
      for (String story : STORIES) {
        int[] tokens = Stories.tokens(model, story);
        batch.add(Map.of("token_ids", tokens, "labels", tokens));
      }
    }
    List<Object> batches = new ArrayList<>();
    for (int step = 0; step < steps; step++) {
      batches.add(batch);
    }
    Oracle.shared()
        .call(
            "make_adapter",
            Map.of(
                "model",
                folder.toString(),
                "out",
                target.toString(),
                "virtual_tokens",
                rows,
                "seed",
                11,
                "init_text",
                "a robot that likes oil",
                "lr",
                0.05,
                "batches",
                batches));
    return target;
  }
}
