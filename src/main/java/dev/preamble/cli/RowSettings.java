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
  /** The rows of {@code file}, and a line to {@code warnings} for each line that was left out. */
  Dataset read(FrozenModel model, int virtualTokens, Path file, PrintWriter warnings) {
    Dataset data = DataReader.of(model, options(model, virtualTokens)).read(file);
    for (Dataset.BadLine bad : data.badLines()) {
      warnings.printf("%s line %d left out: %s%n", file, bad.number(), bad.reason());
    }
    if (data.leftOut() > data.badLines().size()) {
      warnings.printf("%s: %,d lines left out in all%n", file, data.leftOut());
    }
    return data;
  }

  /** The same rows behind the hard prompt, if one was given. */
  Optional<Dataset> readHardPrompted(FrozenModel model, Path file) {
    return settings
        .text("hard-prompt")
        .map(text -> DataReader.of(model, options(model, 0).withHardPrompt(text)).read(file));
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
