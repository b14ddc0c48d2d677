package dev.preamble.training;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The scores of several prompts side by side. */
public final class ReportTable {
  private record Line(String name, Evaluator.Scores scores) {}

  private final List<Line> lines = new ArrayList<>();

  /** Adds a line for {@code name}, if it was scored. */
  public ReportTable add(String name, Optional<Evaluator.Scores> scores) {
    scores.ifPresent(each -> lines.add(new Line(name, each)));
    return this;
  }

  /** The table of a run's report. */
  public static ReportTable of(TrainingRun.Report report) {
    return new ReportTable()
        .add("base model", report.base())
        .add("hard prompt", report.hardPrompt())
        .add("tuned prompt", report.tuned());
  }

  /** The table for a terminal, its columns aligned. */
  public String text() {
    boolean labels = hasLabels();
    StringBuilder text = new StringBuilder();
    text.append("%-14s".formatted(""));
    text.append(labels ? "%10s".formatted("accuracy") : "");
    text.append("%14s%8s%12s\n".formatted("says it first", "loss", "perplexity"));
    for (Line line : lines) {
      Evaluator.Scores scores = line.scores();
      text.append("%-14s".formatted(line.name()));
      text.append(labels ? "%10s".formatted(percent(scores.accuracy().orElse(0.0))) : "");
      text.append(
          "%14s%8s%12s\n"
              .formatted(
                  percent(scores.exact()),
                  decimal("%.3f", scores.loss()),
                  decimal("%.1f", scores.perplexity())));
    }
    return text.toString();
  }

  /** Adds an object of scores for each line to {@code json}. */
  public void addTo(ObjectNode json) {
    lines.forEach(
        line ->
            Metrics.put(json.putObject(line.name().replace(' ', '_')), Optional.of(line.scores())));
  }

  /** The table in Markdown, with how the run was made. */
  static String markdown(TrainingRun run, TrainingRun.Report report) {
    ReportTable table = of(report);
    TrainingConfig config = run.config();
    StringBuilder text = new StringBuilder();
    if (!table.lines.isEmpty()) {
      boolean labels = table.hasLabels();
      text.append(
          labels
              ? "| | accuracy | exact | loss |\n|---|---|---|---|\n"
              : "| | exact | loss |\n|---|---|---|\n");
      for (Line line : table.lines) {
        Evaluator.Scores scores = line.scores();
        text.append("| ").append(line.name()).append(" | ");
        scores.accuracy().ifPresent(each -> text.append(percent(each)).append(" | "));
        text.append(percent(scores.exact()))
            .append(" | ")
            .append(decimal("%.3f", scores.loss()))
            .append(" |\n");
      }
      text.append('\n');
      text.append(
          "Scored on %d rows of `%s`.\n\n"
              .formatted(table.lines.getFirst().scores().rows(), run.evaluation().get().name()));
    }
    text.append(
        "Trained on %d rows of `%s`: %d epochs, batches of %d, peak learning rate %s, %s schedule, seed %d.\n"
            .formatted(
                run.data().examples().size(),
                run.data().name(),
                config.epochs(),
                config.batchSize(),
                config.optimizer().learningRate(),
                config.optimizer().schedule().name().toLowerCase(Locale.ROOT),
                config.seed()));
    return text.toString();
  }

  private boolean hasLabels() {
    return lines.stream().anyMatch(line -> line.scores().accuracy().isPresent());
  }

  private static String percent(double share) {
    return decimal("%.1f %%", 100 * share);
  }

  private static String decimal(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
