package dev.preamble.cli;

import dev.preamble.training.Evaluator;
import dev.preamble.training.TrainingListener;
import java.io.Console;
import java.io.PrintStream;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * A run's progress for people: a bar with loss, rate and time left on a terminal, a plain line an
 * epoch elsewhere. Progress goes to standard error, so that results can be piped.
 */
final class TrainingProgress implements TrainingListener, AutoCloseable {
  private final PrintStream to = System.err;
  private final boolean terminal;
  private final int steps;
  private final boolean tells;
  private Optional<ProgressBar> bar = Optional.empty();
  private OptionalDouble smoothedLoss = OptionalDouble.empty();

  TrainingProgress(int steps) {
    this(steps, true);
  }

  /** Progress of one run among many: the bar, without a line an epoch. */
  static TrainingProgress barAlone(int steps) {
    return new TrainingProgress(steps, false);
  }

  private TrainingProgress(int steps, boolean tells) {
    this.tells = tells;
    Console console = System.console();
    this.terminal = console != null && console.isTerminal();
    this.steps = steps;
  }

  /**
   * The bar's clock starts with the first step: rate and time left are those of the steps to do.
   */
  private ProgressBar start(int done) {
    return new ProgressBarBuilder()
        .setTaskName("tuning")
        .setInitialMax(steps)
        .startsFrom(done, Duration.ZERO)
        .setSpeedUnit(ChronoUnit.SECONDS)
        .showSpeed(new DecimalFormat("0.0", DecimalFormatSymbols.getInstance(Locale.ROOT)))
        .setStyle(ProgressBarStyle.UNICODE_BLOCK)
        .setUpdateIntervalMillis(100)
        .setConsumer(new ConsoleProgressBarConsumer(to))
        .build();
  }

  @Override
  public void step(Step step) {
    double before = smoothedLoss.orElse(step.loss());
    double smoothed = 0.9 * before + 0.1 * step.loss();
    smoothedLoss = OptionalDouble.of(smoothed);
    if (terminal && bar.isEmpty()) {
      bar = Optional.of(start(step.number() - 1));
    }
    bar.ifPresent(
        shown -> {
          shown.setExtraMessage(String.format(Locale.ROOT, " loss %.3f", smoothed));
          shown.stepTo(step.number());
        });
  }

  @Override
  public void epoch(Epoch epoch) {
    String line =
        epoch.number() == 0
            ? "before tuning"
            : String.format(
                Locale.ROOT,
                "epoch %d of %d: loss %.3f",
                epoch.number(),
                epoch.epochs(),
                epoch.loss());
    tell(line + epoch.scores().map(TrainingProgress::headline).orElse(""));
    if (terminal && bar.isEmpty()) {
      bar = Optional.of(start(0));
    }
  }

  @Override
  public void scored(Scored scored) {
    tell("step %d of %d".formatted(scored.step(), scored.steps()) + headline(scored.scores()));
  }

  private static String headline(Evaluator.Scores scores) {
    return String.format(
        Locale.ROOT,
        ", %s %.1f %%, loss %.3f on the evaluation data",
        scores.accuracy().isPresent() ? "accuracy" : "exact",
        100 * scores.headline(),
        scores.loss());
  }

  private void tell(String line) {
    if (!tells) {
      return;
    }
    if (terminal) {
      to.print("\r\u001b[K");
    }
    to.println("  " + line);
  }

  @Override
  public void close() {
    bar.ifPresent(ProgressBar::close);
  }
}
