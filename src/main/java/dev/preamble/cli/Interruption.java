package dev.preamble.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A run's ear for the process being told to end, by Ctrl-C or {@code kill}. The end of the process
 * waits until the run has saved itself and this is closed.
 */
final class Interruption implements AutoCloseable {
  /** The end of the process waits this long at most: for one step and a file. */
  private static final long LONGEST_SECONDS = 120;

  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread hook = new Thread(this::awaitRun, "preamble-save");
  private volatile boolean asked;

  Interruption() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Whether the process has been told to end. */
  boolean isAsked() {
    return asked;
  }

  private void awaitRun() {
    asked = true;
    try {
      closed.await(LONGEST_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    if (!asked) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException ending) {
        // The process ends already, and the hook with it.
      }
    }
  }
}
