package dev.preamble.runtime;

/** Native objects that the process holds: what is not closed, and not held by anything closed. */
public final class OpenHandles {
  private OpenHandles() {}

  /** How many there are now. */
  public static int count() {
    return Handle.open();
  }
}
