package dev.preamble.runtime;

import java.lang.foreign.Arena;
import java.util.Map;

/**
 * The least that a bound session can be run with: addresses prepared once, one call a run, nothing
 * looked at but the status. Whoever uses it keeps session and tensors open.
 */
final class BareBinding implements AutoCloseable {
  private final Arena names = Arena.ofShared();
  private final RunOptions options = new RunOptions();
  private final long session;
  private final long settings;
  private final long binding;

  BareBinding(Session session, Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
    this.session = session.handle().address();
    this.settings = options.handle().address();
    this.binding = Ort.make(OrtApi.CREATE_IO_BINDING, this.session);
    inputs.forEach(
        (name, tensor) -> Ort.call(OrtApi.BIND_INPUT, binding, text(name), address(tensor)));
    outputs.forEach(
        (name, tensor) -> Ort.call(OrtApi.BIND_OUTPUT, binding, text(name), address(tensor)));
  }

  private long text(String name) {
    return names.allocateFrom(name).address();
  }

  private static long address(Tensor tensor) {
    return tensor.handle().address();
  }

  void run() {
    long status;
    try {
      status = (long) OrtApi.RUN_WITH_BINDING.invokeExact(session, settings, binding);
    } catch (Throwable fault) {
      throw new AssertionError(fault);
    }
    if (status != 0) {
      throw new AssertionError("status " + status);
    }
  }

  @Override
  public void close() {
    Ort.release(OrtApi.RELEASE_IO_BINDING, binding);
    options.close();
    names.close();
  }
}
