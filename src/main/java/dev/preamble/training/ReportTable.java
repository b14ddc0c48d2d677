package dev.preamble.training;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

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
    StringBuilder text = new StringBuilder("%-14s".formatted(""));
    for (Column column : columns()) {
      text.append("%12s".formatted(column.title()));
    }
    text.append('\n');
    for (Line line : lines) {
      text.append("%-14s".formatted(line.name()));
      for (Column column : columns()) {
        text.append("%12s".formatted(column.cell().apply(line.scores())));
      }
      text.append('\n');
    }
    return text.toString();
  }

  private record Column(String title, Function<Evaluator.Scores, String> cell) {}

  /** Accuracy and macro F1 where there are labels, else exact rows and token F1; the loss. */
  private List<Column> columns() {
    List<Column> columns = new ArrayList<>();
    if (hasLabels()) {
      columns.add(new Column("accuracy", scores -> percent(scores.accuracy().orElse(0.0))));
      columns.add(new Column("macro F1", scores -> percent(scores.macroF1().orElse(0.0))));
    }
    columns.add(new Column("exact", scores -> percent(scores.exact())));
    if (!hasLabels()) {
      columns.add(new Column("token F1", scores -> percent(scores.tokenF1())));
    }
    columns.add(new Column("loss", scores -> decimal("%.3f", scores.loss())));
    columns.add(new Column("perplexity", scores -> decimal("%.1f", scores.perplexity())));
    return columns;
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
      List<Column> columns = table.columns();
      text.append("| |");
      columns.forEach(column -> text.append(" %s |".formatted(column.title())));
      text.append("\n|---|").append("---|".repeat(columns.size())).append('\n');
      for (Line line : table.lines) {
        text.append("| %s |".formatted(line.name()));
        columns.forEach(
            column -> text.append(" %s |".formatted(column.cell().apply(line.scores()))));
        text.append('\n');
      }
      text.append('\n');
      text.append(
          "Scored on %d rows of `%s`.\n\n"
              .formatted(table.lines.getFirst().scores().rows(), run.evaluation().get().name()));
    }
    text.append(
        "Trained on %d rows of `%s`: %d epochs, batches of %d%s, %s at a peak learning rate of %s, %s schedule, seed %d; as it was after step %d of %d.\n"
            .formatted(
                run.data().examples().size(),
                run.data().name(),
                config.epochs(),
                config.batching().rows(),
                config.batching().accumulate() == 1
                    ? ""
                    : ", %d a step".formatted(config.batching().accumulate()),
                lower(config.optimizer().algorithm()),
                config.optimizer().learningRate(),
                lower(config.optimizer().schedule()),
                config.seed(),
                report.outcome().bestStep(),
                report.outcome().planned()));
    text.append(report.warning().isPresent() ? "" : "\n![loss](loss.png)\n");
    return text.toString();
  }

  private boolean hasLabels() {
    return lines.stream().anyMatch(line -> line.scores().accuracy().isPresent());
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static String percent(double share) {
    return decimal("%.1f %%", 100 * share);
  }

  private static String decimal(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
