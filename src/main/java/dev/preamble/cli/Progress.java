package dev.preamble.cli;

import java.io.Console;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Optional;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * How far a command is, for people: a bar on a terminal, elsewhere a plain line every few seconds,
 * nothing where none is wanted. It goes to standard error, so that results can be piped.
 */
final class Progress implements AutoCloseable {
  private static final long LINE_EVERY_NANOS = 5_000_000_000L;

  private final String what;
  private final long total;
  private final boolean lines;
  private final PrintStream to;
  private final Optional<ProgressBar> bar;
  private long done;
  private long said = System.nanoTime();

  private Progress(String what, long total, boolean lines, Optional<ProgressBar> bar) {
    this.what = what;
    this.total = total;
    this.lines = lines;
    this.bar = bar;
    this.to = System.err;
  }

  /**
   * The progress of {@code what}, such as "reading".
   *
   * @param total steps in all
   */
  static Progress of(OutputOptions output, String what, long total) {
    Console console = System.console();
    boolean terminal = console != null && console.isTerminal();
    Optional<ProgressBar> bar =
        output.showsProgress() && terminal
            ? Optional.of(
                new ProgressBarBuilder()
                    .setTaskName(what)
                    .setInitialMax(total)
                    .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                    .setUpdateIntervalMillis(100)
                    .setConsumer(new ConsoleProgressBarConsumer(System.err))
                    .build())
            : Optional.empty();
    return new Progress(what, total, output.showsProgress() && !terminal, bar);
  }

  /** States that {@code steps} more are done. */
  void step(long steps) {
    done += steps;
    bar.ifPresent(shown -> shown.stepBy(steps));
    if (lines && System.nanoTime() - said > LINE_EVERY_NANOS) {
      said = System.nanoTime();
      to.printf(
          Locale.ROOT, "preamble: %s, %.0f %% done%n", what, 100.0 * done / Math.max(1, total));
    }
  }

  @Override
  public void close() {
    bar.ifPresent(ProgressBar::close);
  }
}
