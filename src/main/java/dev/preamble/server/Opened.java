package dev.preamble.server;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/** What was opened so far: closed again, last first, unless it is kept. */
final class Opened implements AutoCloseable {
  private final Deque<Runnable> closers = new ArrayDeque<>();

  <T> T add(T opened, Consumer<T> close) {
    closers.push(() -> close.accept(opened));
    return opened;
  }

  /** All was opened: somebody else closes it. */
  void keep() {
    closers.clear();
  }

  @Override
  public void close() {
    closers.forEach(Runnable::run);
  }
}
