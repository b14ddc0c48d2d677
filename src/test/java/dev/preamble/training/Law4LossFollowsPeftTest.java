package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.safetensors.SafetensorsFile;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Law 4: from the same rows, over the same batches, with the same hyperparameters, the loss of each
 * of 50 steps is within 1e-3 (relative) of what real PEFT has with PyTorch's AdamW, and so are the
 * gradient's norm and, at the end, the rows. Warm-up, cosine, clipping and weight decay all act.
 */
class Law4LossFollowsPeftTest {
  private static final int STEPS = 50;
  private static final int BATCH = 4;
  private static final int VIRTUAL_TOKENS = 8;
  private static final double LARGEST_DEVIATION = 1e-3;
  private static final OptimizerConfig OPTIMIZER =
      new OptimizerConfig(0.02, Schedule.COSINE, 0.1, 0.05, 0.9, 0.98, 1e-7, 2);

  @TempDir Path folder;

  @Test
  void lossOfFiftyStepsAndTheRowsAtTheEnd() throws IOException {
    try (FrozenModel model = FrozenModel.open(Path.of("test-fixtures/stories15M"));
        GradientStep step =
            new GradientStep(model, PeftRows.promptTuning(model, VIRTUAL_TOKENS), 2)) {
      List<List<Example>> batches = batches(stories(model));
      float[] start =
          new Initialisation.Text("Lily asked.")
              .rows(new Initialisation.Start(VIRTUAL_TOKENS, model, Optional.empty(), seeded()));
      JsonNode trace = trace(model, start, batches);

      float[] rows = start.clone();
      Parameters parameters = PeftRows.parameters(model, rows);
      PromptOptimizer optimizer = new PromptOptimizer(OPTIMIZER, parameters, STEPS);
      double worst = 0;
      int clipped = 0;
      for (int i = 0; i < STEPS; i++) {
        TrainingListener.Step done =
            optimizer.step(parameters, step.run(parameters, batches.get(i)), batches.get(i).size());
        double loss = trace.at("/losses/" + i).asDouble();
        double norm = trace.at("/grad_norms/" + i).asDouble();
        worst = Math.max(worst, Math.abs(done.loss() - loss) / loss);
        clipped += norm > OPTIMIZER.maxGradNorm() ? 1 : 0;
        assertEquals(trace.at("/learning_rates/" + i).asDouble(), done.learningRate(), 1e-12);
        assertEquals(norm, done.gradientNorm(), 1e-2 * norm, "norm of step " + i);
      }
      double off = PeftRows.distance(rows, finalRows());
      double moved = PeftRows.distance(rows, start);
      System.out.printf(
          "[law 4] worst loss deviation %.2g over %d steps (%d clipped; loss %.3f to %.3f); rows %.2g"
              + " from PEFT's, %.2g from the start%n",
          worst,
          STEPS,
          clipped,
          trace.at("/losses/0").asDouble(),
          trace.at("/losses/" + (STEPS - 1)).asDouble(),
          off,
          moved);
      assertTrue(worst <= LARGEST_DEVIATION, () -> "a loss is off by more than 1e-3");
      assertTrue(
          clipped > 0 && clipped < STEPS,
          "clipping acts on some steps, not on all: " + trace.at("/grad_norms"));
      assertTrue(off < 1e-2 * moved, "the rows end where PEFT's end");
    }
  }

  private JsonNode trace(FrozenModel model, float[] start, List<List<Example>> batches) {
    return Oracle.shared()
        .call(
            "train_trace",
            Map.ofEntries(
                Map.entry("model", model.folder().toString()),
                Map.entry(
                    "adapter", PeftRows.save(model, start, folder.resolve("start")).toString()),
                Map.entry("batches", batches.stream().map(PeftRows::of).toList()),
                Map.entry("lr", OPTIMIZER.learningRate()),
                Map.entry("schedule", "cosine"),
                Map.entry("warmup_steps", Math.round(OPTIMIZER.warmup() * STEPS)),
                Map.entry("weight_decay", OPTIMIZER.weightDecay()),
                Map.entry("betas", List.of(OPTIMIZER.beta1(), OPTIMIZER.beta2())),
                Map.entry("eps", OPTIMIZER.epsilon()),
                Map.entry("max_grad_norm", OPTIMIZER.maxGradNorm()),
                Map.entry("out", folder.resolve("end").toString()),
                Map.entry("threads", 2)));
  }

  private float[] finalRows() {
    try (SafetensorsFile file =
        SafetensorsFile.open(folder.resolve("end/adapter_model.safetensors"))) {
      return file.tensor("prompt_embeddings").toFloats();
    }
  }

  /** Short stories: who saw something, and then what it was and where. */
  private static List<Example> stories(FrozenModel model) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (String child : List.of("Tom", "Lily", "The little boy", "Anna and her brother")) {
      for (String thing : List.of("dog", "bird", "cake", "bowl of soup", "ball", "red kite")) {
        for (String place : List.of("at home", "in the big park by the river", "near the shop")) {
          lines.append(
              "{\"prompt\": \"%s saw something.\", \"completion\": \" It was a %s %s.\"}%n"
                  .formatted(child, thing, place));
        }
      }
    }
    DataOptions options = DataOptions.plain(64);
    return new DataReader(model.tokenizer(), options, OptionalInt.empty())
        .read("stories", new StringReader(lines.toString()))
        .examples();
  }

  private static List<List<Example>> batches(List<Example> examples) {
    Random random = seeded();
    List<List<Example>> batches = new ArrayList<>();
    for (int i = 0; i < STEPS; i++) {
      batches.add(random.ints(BATCH, 0, examples.size()).mapToObj(examples::get).toList());
    }
    return batches;
  }

  private static Random seeded() {
    return new Random(4);
  }
}
