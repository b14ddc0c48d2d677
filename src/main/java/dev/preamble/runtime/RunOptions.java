package dev.preamble.runtime;

/** What one run, or several, can be stopped by. Any thread may call any of it. */
public final class RunOptions implements AutoCloseable {
  private final Handle handle;

  /** Options with nothing set. */
  public RunOptions() {
    Environment.shared();
    long address = Ort.make(OrtApi.CREATE_RUN_OPTIONS);
    handle =
        new Handle("run options", address, () -> Ort.release(OrtApi.RELEASE_RUN_OPTIONS, address));
  }

  /**
   * Stops the runs that use these options, at the next node of each, with an {@link OrtException};
   * and every later one, until {@link #reset}.
   */
  public void terminate() {
    set(true);
  }

  /** Lets runs with these options go on again. */
  public void reset() {
    set(false);
  }

  private void set(boolean terminate) {
    long address = handle.hold();
    try {
      Ort.call(
          terminate ? OrtApi.RUN_OPTIONS_SET_TERMINATE : OrtApi.RUN_OPTIONS_UNSET_TERMINATE,
          address);
    } finally {
      handle.release();
    }
  }

  Handle handle() {
    return handle;
  }

  @Override
  public void close() {
    handle.close();
  }
}
