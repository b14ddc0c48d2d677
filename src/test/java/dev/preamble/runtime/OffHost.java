package dev.preamble.runtime;

/**
 * Memory that Java must treat as a device's, on a machine without one: it is the CPU's, taken
 * through a session as a GPU's would be, and reached by copying alone.
 */
public final class OffHost implements AutoCloseable {
  private final Session session = Session.open(TinyGraphs.chain(2), SessionTest.ONE);
  private final DeviceMemory memory = new DeviceMemory(session, Device.CPU);

  /** A tensor in that memory. */
  public Tensor allocate(ElementType type, long... shape) {
    return Tensor.allocate(memory, type, shape);
  }

  /** Lets go; the tensors keep what they need. */
  @Override
  public void close() {
    session.close();
    memory.close();
  }
}
