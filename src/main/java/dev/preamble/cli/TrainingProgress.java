package dev.preamble.cli;

import dev.preamble.training.TrainingListener;
import java.io.Console;
import java.io.PrintStream;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
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
  private final ProgressBar bar;
  private double shownLoss;

  TrainingProgress(int steps) {
    Console console = System.console();
    terminal = console != null && console.isTerminal();
    bar =
        new ProgressBarBuilder()
            .setTaskName("tuning")
            .setInitialMax(steps)
            .setUnit(" steps", 1)
            .showSpeed()
            .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
            .setUpdateIntervalMillis(100)
            .setConsumer(
                terminal
                    ? new ConsoleProgressBarConsumer(to)
                    : new DelegatingProgressBarConsumer(line -> {}, 80))
            .build();
  }

  @Override
  public void step(Step step) {
    shownLoss = step.number() == 1 ? step.loss() : 0.9 * shownLoss + 0.1 * step.loss();
    bar.setExtraMessage(String.format(Locale.ROOT, " loss %.3f", shownLoss));
    bar.step();
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
    String scored =
        epoch
            .scores()
            .map(
                scores ->
                    String.format(
                        Locale.ROOT,
                        ", %s %.1f %%",
                        scores.accuracy().isPresent() ? "accuracy" : "exact",
                        100 * scores.headline()))
            .orElse("");
    if (terminal) {
      to.print("\r\u001b[K");
    }
    to.println("  " + line + scored);
  }

  @Override
  public void close() {
    bar.close();
  }
}
