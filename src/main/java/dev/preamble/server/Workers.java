package dev.preamble.server;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.concurrent.Callable;

/**
 * What is done for requests on worker threads. It may go on when the client has gone and nobody
 * waits for it, so whoever frees what it uses closes this first, which waits until it is done.
 */
final class Workers {
  private final Vertx vertx;
  private int underWay;
  private boolean closed;

  Workers(Vertx vertx) {
    this.vertx = vertx;
  }

  /** Does {@code task}, which may wait for files, on a worker thread; refuses it once closed. */
  <T> Future<T> run(Callable<T> task) {
    if (!begin()) {
      return Future.failedFuture(
          ApiError.unavailable("shutting_down", "the server is shutting down"));
    }
    // It is over when those who wait for it have begun what follows.
    return vertx.executeBlocking(task, false).onComplete(done -> vertx.runOnContext(turn -> end()));
  }

  private synchronized boolean begin() {
    if (!closed) {
      underWay++;
    }
    return !closed;
  }

  private synchronized void end() {
    underWay--;
    notifyAll();
  }

  /** Waits for what is under way and what follows from it, and lets nothing more begin. */
  synchronized void close() {
    boolean interrupted = false;
    while (underWay > 0) {
      try {
        wait();
      } catch (InterruptedException again) {
        interrupted = true;
      }
    }
    closed = true;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
