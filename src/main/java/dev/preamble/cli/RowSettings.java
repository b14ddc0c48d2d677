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

/** The rows that a command reads, as its settings say. */
record RowSettings(Settings settings) {
  /**
   * The rows of {@code file}, and a line to {@code warnings} for each line that was left out, and
   * one for all rows that lost their beginning.
   */
  Dataset read(FrozenModel model, int virtualTokens, Path file, PrintWriter warnings) {
    DataOptions options = options(model, virtualTokens);
    Dataset data = DataReader.of(model, options).read(file);
    for (Dataset.BadLine bad : data.badLines()) {
      warnings.printf("%s line %d left out: %s%n", file, bad.number(), bad.reason());
    }
    if (data.leftOut() > data.badLines().size()) {
      warnings.printf("%s: %,d lines left out in all%n", file, data.leftOut());
    }
    tellShortened(data, options, file.toString(), warnings);
    return data;
  }

  /**
   * The same rows behind the hard prompt, if one was given, and a line to {@code warnings} for all
   * that lost their beginning, the hard prompt.
   */
  Optional<Dataset> readHardPrompted(FrozenModel model, Path file, PrintWriter warnings) {
    return settings.text("hard-prompt").map(text -> behind(text, model, file, warnings));
  }

  private Dataset behind(String text, FrozenModel model, Path file, PrintWriter warnings) {
    DataOptions options = options(model, 0).withHardPrompt(text);
    Dataset data = DataReader.of(model, options).read(file);
    tellShortened(data, options, file + " behind the hard prompt", warnings);
    return data;
  }

  private static void tellShortened(
      Dataset data, DataOptions options, String name, PrintWriter warnings) {
    if (data.shortened() > 0) {
      warnings.printf(
          "%s: %,d rows have more than %,d tokens (--max-tokens) and lost their beginning%n",
          name, data.shortened(), options.maxTokens());
    }
  }

  private DataOptions options(FrozenModel model, int virtualTokens) {
    int room = Math.max(2, model.manifest().contextLength() - virtualTokens);
    return new DataOptions(
        "",
        new Template(settings.required("template")),
        settings.text("labels").map(DataReader::labelWords).orElse(Map.of()),
        settings.text("columns").map(DataReader::columns).orElse(Map.of()),
        settings.choice(DataOptions.Answers.class, "answers"),
        settings.optionalWhole("max-tokens").orElse(room),
        settings.wholeLong("max-bad-lines"));
  }
}
