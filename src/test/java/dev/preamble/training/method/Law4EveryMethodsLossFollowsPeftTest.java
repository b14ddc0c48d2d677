package dev.preamble.training.method;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.peft.Adapter;
import dev.preamble.safetensors.TensorView;
import dev.preamble.training.Dataset;
import dev.preamble.training.Evaluator;
import dev.preamble.training.Example;
import dev.preamble.training.GradientStep;
import dev.preamble.training.OptimizerConfig;
import dev.preamble.training.Parameters;
import dev.preamble.training.PromptOptimizer;
import dev.preamble.training.Schedule;
import dev.preamble.training.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Law 4 for every method: from the same parameters, over the same batches, with the same
 * hyperparameters, the loss of each of 50 steps is within 1e-3 (relative) of what real PEFT has
 * with PyTorch's AdamW, and the adapter saved at the end holds PEFT's values. Law 2 for what was
 * trained: PEFT opens the adapter saved here, and finds the loss that is found here.
 */
class Law4EveryMethodsLossFollowsPeftTest {
  private static final int STEPS = 50;
  private static final int BATCH = 4;
  private static final double LARGEST_DEVIATION = 1e-3;
  private static final List<String> THINGS = List.of("dog", "bird", "cake", "red kite", "ball");

  @TempDir Path folder;

  static List<PeftMethod> methods() {
    return PeftMethod.all();
  }

  @ParameterizedTest
  @MethodSource("methods")
  void overFiftySteps(PeftMethod method) throws IOException {
    try (FrozenModel model = FrozenModel.open(Path.of("test-fixtures/stories260K"))) {
      Random random = new Random(14);
      LearningMethod learning = method.config().method(model);
      OptimizerConfig optimizer =
          new OptimizerConfig(
              method.config().learningRate(), Schedule.COSINE, 0.1, 0.05, 0.9, 0.999, 1e-6, 1);
      List<Example> stories = stories(model, learning.tasks());
      List<List<Example>> batches = new ArrayList<>();
      for (int i = 0; i < STEPS; i++) {
        batches.add(random.ints(BATCH, 0, stories.size()).mapToObj(stories::get).toList());
      }
      Parameters parameters = learning.initial(Optional.empty(), random);
      JsonNode trace = trace(method, model, optimizer, parameters, batches);

      double worst = 0;
      double first = 0;
      double last = 0;
      try (GradientStep step = new GradientStep(model, learning, 2)) {
        PromptOptimizer steps = new PromptOptimizer(optimizer, parameters, STEPS);
        for (int i = 0; i < STEPS; i++) {
          TrainingListener.Step done =
              steps.step(parameters, step.run(parameters, batches.get(i)), BATCH);
          double loss = trace.at("/losses/" + i).asDouble();
          worst = Math.max(worst, Math.abs(done.loss() - loss) / loss);
          first = i == 0 ? loss : first;
          last = loss;
        }
      }
      Adapter adapter = learning.adapter(parameters);
      double off = distance(adapter, Adapter.open(folder.resolve("end")));
      System.out.printf(
          "[law 4] %s %.1e (loss %.3f to %.3f; adapter %.1e from PEFT's)%n",
          method.name(), worst, first, last, off);
      assertTrue(worst <= LARGEST_DEVIATION, "worst loss deviation " + worst);
      assertTrue(last < first, "and it learns");
      assertTrue(off < 1e-2, "the adapter ends where PEFT's ends, off by " + off);
      sameLossInPeft(method, model, adapter, stories);
    }
  }

  private void sameLossInPeft(
      PeftMethod method, FrozenModel model, Adapter adapter, List<Example> stories)
      throws IOException {
    Path saved = folder.resolve("java");
    adapter.save(saved);
    assertEquals(configuration(folder.resolve("end")), configuration(saved), "configuration");
    List<Example> rows = stories.subList(0, 8);
    double expected =
        Oracle.shared()
            .call(
                "adapter_loss",
                Map.of("model", model.folder(), "adapter", saved, "rows", PeftMethod.rows(rows)))
            .path("loss")
            .asDouble();
    try (Evaluator evaluator = new Evaluator(model, 2)) {
      Dataset data = new Dataset("stories", rows, Optional.empty(), List.of());
      double found = evaluator.score(adapter, data).loss();
      assertEquals(expected, found, 1e-4 * expected, method.name() + " as PEFT opens it");
    }
  }

  private JsonNode trace(
      PeftMethod method,
      FrozenModel model,
      OptimizerConfig optimizer,
      Parameters parameters,
      List<List<Example>> batches) {
    return Oracle.shared()
        .call(
            "method_trace",
            Map.ofEntries(
                Map.entry("model", model.folder()),
                Map.entry("config", method.fields()),
                Map.entry(
                    "parameters", PeftMethod.save(parameters, folder.resolve("start.safetensors"))),
                Map.entry("batches", batches.stream().map(PeftMethod::rows).toList()),
                Map.entry("lr", optimizer.learningRate()),
                Map.entry("schedule", "cosine"),
                Map.entry("warmup_steps", Math.round(optimizer.warmup() * STEPS)),
                Map.entry("weight_decay", optimizer.weightDecay()),
                Map.entry("eps", optimizer.epsilon()),
                Map.entry("max_grad_norm", optimizer.maxGradNorm()),
                Map.entry("out", folder.resolve("end"))));
  }

  /** What {@code adapter_config.json} says, but for the place of the base model. */
  private static JsonNode configuration(Path adapter) throws IOException {
    ObjectNode json =
        (ObjectNode) new ObjectMapper().readTree(adapter.resolve("adapter_config.json").toFile());
    json.remove("base_model_name_or_path");
    return json;
  }

  private static double distance(Adapter found, Adapter expected) {
    double worst = 0;
    for (TensorView tensor : expected.tensors()) {
      worst =
          Math.max(
              worst,
              PeftMethod.distance(
                  found.find(tensor.name()).orElseThrow().toFloats(), tensor.toFloats()));
    }
    return worst;
  }

  /** Short stories, those of each task about a child of its own. */
  private static List<Example> stories(FrozenModel model, int tasks) {
    List<Example> stories = new ArrayList<>();
    List<String> children = List.of("Tom", "Lily", "The little boy");
    for (int i = 0; i < 30; i++) {
      String asked = children.get(i % children.size()) + " saw something.";
      String said = " It was a " + THINGS.get(i % THINGS.size()) + ".";
      int[] prompt = model.tokenizer().encode(asked, true);
      int[] whole = model.tokenizer().encode(asked + said, true);
      int[] completion = Arrays.copyOfRange(whole, prompt.length, whole.length);
      stories.add(new Example(prompt, completion, new BitSet(), OptionalInt.empty(), i % tasks));
    }
    return stories;
  }
}
