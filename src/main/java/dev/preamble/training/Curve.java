package dev.preamble.training;

import dev.preamble.WholeFile;
import java.awt.AWTError;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.Styler.YAxisPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * How a run went, as a picture: the loss of each step, its running mean and the loss on the
 * evaluation data against the left axis, accuracy (or the share of exact rows) against the right.
 */
final class Curve implements TrainingListener {
  /** Steps over which the running mean forgets: at most this many, a thirtieth of a short run's. */
  private static final int MEMORY = 20;

  /** Points that a line is drawn with at most. */
  private static final int POINTS = 2000;

  private static final Color STEP = new Color(0xd5, 0xdf, 0xea);
  private static final Color MEAN = new Color(0x1f, 0x5f, 0xa8);
  private static final Color EVALUATION = new Color(0xd9, 0x5f, 0x02);
  private static final Color SHARE = new Color(0x1b, 0x87, 0x5a);
  private static final Color INK = new Color(0x33, 0x33, 0x33);
  private static final Color GRID = new Color(0xe8, 0xe8, 0xe8);

  private final String title;
  private final List<Double> losses = new ArrayList<>();
  private final List<Double> scoredAt = new ArrayList<>();
  private final List<Evaluator.Scores> scores = new ArrayList<>();
  private double steps;

  Curve(String title) {
    this.title = title;
  }

  @Override
  public void step(Step step) {
    losses.add((double) step.loss());
    steps = step.number();
  }

  @Override
  public void epoch(Epoch epoch) {
    epoch.scores().ifPresent(this::scored);
  }

  @Override
  public void scored(Scored scored) {
    scored(scored.scores());
  }

  private void scored(Evaluator.Scores each) {
    scoredAt.add(steps);
    scores.add(each);
  }

  /**
   * Writes the picture as {@code name.png} and {@code name.svg}.
   *
   * @return why there is none, where this machine cannot draw, such as one without fonts
   */
  Optional<String> write(Path folder, String name) {
    System.setProperty("java.awt.headless", "true");
    byte[] png;
    byte[] svg;
    try {
      XYChart chart = chart();
      png = ChartEncoder.getBytes(chart, "png");
      svg = ChartEncoder.getBytes(chart, "svg");
    } catch (IOException | RuntimeException | LinkageError | AWTError | InternalError cannotDraw) {
      return Optional.of("the picture of the losses was not drawn: " + cannotDraw);
    }
    WholeFile.write(folder.resolve(name + ".png"), png);
    WholeFile.write(folder.resolve(name + ".svg"), svg);
    return Optional.empty();
  }

  private XYChart chart() {
    XYChart chart =
        new XYChartBuilder()
            .width(1000)
            .height(560)
            .title(title)
            .xAxisTitle("step")
            .yAxisTitle("loss (nats a token)")
            .build();
    style(chart);
    List<Double> numbers = new ArrayList<>();
    for (int i = 1; i <= losses.size(); i++) {
      numbers.add((double) i);
    }
    if (!losses.isEmpty()) {
      line(chart, "loss of a step", numbers, losses, STEP, 1.5f);
      line(chart, "running mean", numbers, runningMean(), MEAN, 3f);
    }
    if (!scores.isEmpty()) {
      evaluation(chart);
    }
    return chart;
  }

  private void evaluation(XYChart chart) {
    List<Double> values = scores.stream().map(Evaluator.Scores::loss).toList();
    dotted(line(chart, "loss on evaluation data", scoredAt, values, EVALUATION, 2.5f));
    List<Double> shares = scores.stream().map(each -> 100 * each.headline()).toList();
    String share = scores.getFirst().accuracy().isPresent() ? "accuracy" : "exact rows";
    XYSeries drawn = line(chart, share + " (right)", scoredAt, shares, SHARE, 2.5f);
    drawn.setYAxisGroup(1);
    dotted(drawn);
    chart.setYAxisGroupTitle(1, share + " in %");
    chart.getStyler().setYAxisGroupPosition(1, YAxisPosition.Right);
    chart.getStyler().setYAxisMin(1, 0.0);
    chart.getStyler().setYAxisMax(1, 100.0);
  }

  /** Exponential mean, corrected for its beginning. */
  private List<Double> runningMean() {
    double keep = 1 - 1.0 / Math.clamp(losses.size() / 30, 1, MEMORY);
    List<Double> means = new ArrayList<>();
    double sum = 0;
    double weight = 0;
    for (double loss : losses) {
      sum = keep * sum + (1 - keep) * loss;
      weight = keep * weight + (1 - keep);
      means.add(sum / weight);
    }
    return means;
  }

  private static XYSeries line(
      XYChart chart, String name, List<Double> x, List<Double> y, Color color, float width) {
    int every = Math.ceilDiv(x.size(), POINTS);
    List<Double> shownX = new ArrayList<>();
    List<Double> shownY = new ArrayList<>();
    for (int i = 0; i < x.size(); i += every) {
      shownX.add(x.get(i));
      shownY.add(y.get(i));
    }
    XYSeries series = chart.addSeries(name, shownX, shownY);
    series.setLineColor(color);
    series.setMarkerColor(color);
    series.setMarker(SeriesMarkers.NONE);
    series.setLineStyle(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    return series;
  }

  private static void dotted(XYSeries series) {
    series.setMarker(SeriesMarkers.CIRCLE);
  }

  private static void style(XYChart chart) {
    Font text = new Font(Font.SANS_SERIF, Font.PLAIN, 14);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setPlotBackgroundColor(Color.WHITE);
    chart.getStyler().setPlotBorderVisible(false);
    chart.getStyler().setPlotGridLinesColor(GRID);
    chart.getStyler().setPlotGridVerticalLinesVisible(false);
    chart.getStyler().setChartTitleFont(text.deriveFont(Font.BOLD, 17f));
    chart.getStyler().setChartTitleBoxVisible(false);
    chart.getStyler().setChartFontColor(INK);
    chart.getStyler().setAxisTitleFont(text);
    chart.getStyler().setAxisTickLabelsFont(text.deriveFont(13f));
    chart.getStyler().setLegendFont(text);
    chart.getStyler().setLegendPosition(LegendPosition.OutsideS);
    chart.getStyler().setLegendLayout(LegendLayout.Horizontal);
    chart.getStyler().setLegendBorderColor(Color.WHITE);
    chart.getStyler().setMarkerSize(8);
    chart.getStyler().setChartPadding(16);
    chart.getStyler().setXAxisTickMarkSpacingHint(90);
    chart.getStyler().setYAxisMin(0, 0.0);
  }
}
