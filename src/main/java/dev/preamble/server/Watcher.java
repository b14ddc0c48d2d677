package dev.preamble.server;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A thread that looks again and again for what has changed on the disk. A look that fails is told
 * to the log, and the next one comes all the same.
 */
final class Watcher implements AutoCloseable {
  private final CountDownLatch end = new CountDownLatch(1);
  private final Thread thread;

  private Watcher(Duration pause, ServerLog log, Runnable... looks) {
    this.thread =
        Thread.ofPlatform().daemon().name("preamble-watch").unstarted(() -> run(pause, log, looks));
  }

  /** Looks, by all of {@code looks}, after each {@code pause}. */
  static Watcher start(Duration pause, ServerLog log, Runnable... looks) {
    Watcher watcher = new Watcher(pause, log, looks);
    watcher.thread.start();
    return watcher;
  }

  private void run(Duration pause, ServerLog log, Runnable... looks) {
    try {
      while (!end.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
        for (Runnable look : looks) {
          try {
            look.run();
          } catch (RuntimeException | Error fault) {
            log.warning("cannot look for changes: " + fault);
          }
        }
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the looking, a look under way included. */
  @Override
  public void close() {
    end.countDown();
    try {
      thread.join();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
