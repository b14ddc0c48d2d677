package dev.preamble.cli;

import dev.preamble.model.FrozenModel;
import dev.preamble.training.DataOptions;
import dev.preamble.training.DataReader;
import dev.preamble.training.Dataset;
import dev.preamble.training.Template;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How a command reads its rows of data. */
final class DataOption {
  @Option(
      names = "--template",
      paramLabel = "T",
      defaultValue = Template.PLACE,
      description =
          "How the text of a row {\"text\",\"label\"} is put to the model, such as '{text} It was'; its label's word follows.")
  private String template;

  @Option(
      names = "--labels",
      paramLabel = "LABEL=WORD,…",
      description = "The word that the model says for each label; a label alone is its own word.")
  private Optional<String> labels = Optional.empty();

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "Longest row, in tokens; longer texts keep their end.")
  private Optional<Integer> maxTokens = Optional.empty();

  @Option(
      names = "--max-bad-lines",
      paramLabel = "N",
      defaultValue = "0",
      description = "Unusable lines that are left out before the command fails.")
  private int maxBadLines;

  @Option(
      names = "--hard-prompt",
      paramLabel = "TEXT",
      description = "A text to compare with: it is put before every row instead of a tuned prompt.")
  private Optional<String> hardPrompt = Optional.empty();

  boolean hasHardPrompt() {
    return hardPrompt.isPresent();
  }

  /** The rows of {@code file}, and a line to {@code warnings} for each line that was left out. */
  Dataset read(FrozenModel model, int virtualTokens, Path file, PrintWriter warnings) {
    Dataset data = reader(model, options(model, virtualTokens)).read(file);
    for (Dataset.BadLine bad : data.badLines()) {
      warnings.printf("%s line %d left out: %s%n", file, bad.number(), bad.reason());
    }
    return data;
  }

  /** The same rows behind the hard prompt, if one was given. */
  Optional<Dataset> readHardPrompted(FrozenModel model, Path file) {
    return hardPrompt.map(text -> reader(model, options(model, 0).withHardPrompt(text)).read(file));
  }

  private DataOptions options(FrozenModel model, int virtualTokens) {
    int room = model.manifest().contextLength() - virtualTokens;
    Map<String, String> words = labels.map(DataReader::labelWords).orElse(Map.of());
    return new DataOptions(
        "", new Template(template), words, maxTokens.orElse(Math.max(2, room)), maxBadLines);
  }

  private static DataReader reader(FrozenModel model, DataOptions options) {
    return DataReader.of(model, options);
  }
}
