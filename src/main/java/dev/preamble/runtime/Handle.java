package dev.preamble.runtime;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A native object with a count of its holders. Whoever makes it is the first; whatever uses it
 * beyond one call is one more. It is freed when the last lets go, on that holder's thread. After
 * {@link #close} it takes no new holders and gives no address, but those it has may finish.
 */
final class Handle implements AutoCloseable {
  private static final AtomicInteger OPEN = new AtomicInteger();

  private final String what;
  private final long address;
  private final Runnable free;
  private final AtomicInteger holders = new AtomicInteger(1);
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * A handle held by its maker.
   *
   * @param what the object's name in messages
   * @param address its address, given back by {@link #address} and {@link #hold}
   * @param free what frees it, called once
   */
  Handle(String what, long address, Runnable free) {
    this.what = what;
    this.address = address;
    this.free = free;
    OPEN.incrementAndGet();
  }

  /** Native objects of this process that are not freed yet. */
  static int open() {
    return OPEN.get();
  }

  /** The address, for a call by the maker; refused once closed. */
  long address() {
    requireOpen();
    return address;
  }

  void requireOpen() {
    if (closed.get()) {
      throw new IllegalStateException(what + " is closed");
    }
  }

  /** Adds a holder and gives the address, which stays good until {@link #release}. */
  long hold() {
    requireOpen();
    for (int count = holders.get(); count > 0; count = holders.get()) {
      if (holders.compareAndSet(count, count + 1)) {
        return address;
      }
    }
    throw new IllegalStateException(what + " is closed");
  }

  /** Takes a holder away. */
  void release() {
    if (holders.decrementAndGet() == 0) {
      OPEN.decrementAndGet();
      free.run();
    }
  }

  /** The maker lets go. Closing again does nothing. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      release();
    }
  }
}
