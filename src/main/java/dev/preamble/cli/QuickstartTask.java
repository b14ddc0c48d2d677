package dev.preamble.cli;

import dev.preamble.model.FrozenModel;
import dev.preamble.training.DataOptions;
import dev.preamble.training.DataReader;
import dev.preamble.training.Dataset;
import dev.preamble.training.Initialisation;
import dev.preamble.training.OptimizerConfig;
import dev.preamble.training.Template;
import dev.preamble.training.TrainingConfig;
import dev.preamble.training.method.PromptTuningConfig;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The bundled task: which of ten intents does a question to an assistant have (CLINC150, 500 rows
 * to learn from, 300 to score on)? The model answers with one word.
 */
final class QuickstartTask {
  static final Template TEMPLATE = new Template("{text} This is the");

  /** The word for each intent, each one token of the story model. */
  static final Map<String, String> WORDS =
      new TreeMap<>(
          Map.of(
              "weather", "weather",
              "alarm", "clock",
              "recipe", "food",
              "travel_suggestion", "trip",
              "play_music", "music",
              "balance", "money",
              "find_phone", "phone",
              "do_you_have_pets", "pet",
              "translate", "words",
              "tell_joke", "fun"));

  /** The best of 25 hard prompts that were tried on this model. */
  static final String HARD_PROMPT = "Tom and Lily like to talk. They talk about many things. ";

  private final FrozenModel model;

  QuickstartTask(FrozenModel model) {
    this.model = model;
  }

  static TrainingConfig config(int threads) {
    return new TrainingConfig(
        new PromptTuningConfig(16, new Initialisation.Text("Lily asked a question.")),
        4,
        16,
        OptimizerConfig.defaults(),
        0,
        threads);
  }

  /** The words as {@code --labels} takes them. */
  static String labels() {
    return WORDS.entrySet().stream()
        .map(entry -> entry.getKey() + "=" + entry.getValue())
        .collect(Collectors.joining(","));
  }

  Dataset training() {
    return read("train.jsonl", "");
  }

  Dataset test() {
    return read("test.jsonl", "");
  }

  Dataset hardPrompted() {
    return read("test.jsonl", HARD_PROMPT);
  }

  private Dataset read(String resource, String hardPrompt) {
    DataOptions options = new DataOptions(hardPrompt, TEMPLATE, WORDS, 128, 0);
    try (Reader reader =
        new InputStreamReader(
            QuickstartTask.class.getResourceAsStream("/dev/preamble/quickstart/" + resource),
            StandardCharsets.UTF_8)) {
      return new DataReader(
              model.tokenizer(), options, model.manifest().specialTokens().endOfText())
          .read(resource, reader);
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }
}
