package dev.preamble.runtime;

/** A port of a binding and what it is bound to: a tensor held for it, or memory fresh each run. */
final class Slot {
  private final Port port;
  private Tensor tensor;
  private long value;
  private boolean bound;
  private boolean fresh;

  Slot(Port port) {
    this.port = port;
  }

  Port port() {
    return port;
  }

  boolean isBound() {
    return bound;
  }

  /** Whether each run computes into fresh memory. */
  boolean isFresh() {
    return fresh;
  }

  /** Whether {@link #tensor} is there: not for fresh memory before the run. */
  boolean isFilled() {
    return tensor != null;
  }

  Tensor tensor() {
    return tensor;
  }

  /** The address of the bound tensor, which the slot holds. */
  long value() {
    return value;
  }

  /** Binds a tensor that the caller holds at {@code address}; the slot lets it go. */
  void bind(Tensor held, long address) {
    letGo();
    tensor = held;
    value = address;
    fresh = false;
    bound = true;
  }

  /** Binds fresh memory. */
  void bindFresh() {
    letGo();
    fresh = true;
    bound = true;
  }

  /** Takes what a run made for fresh memory. */
  void fill(Tensor made) {
    tensor = made;
  }

  /** Gives back what the slot holds. */
  void letGo() {
    if (tensor == null) {
      return;
    }
    if (fresh) {
      tensor.close();
    } else {
      tensor.handle().release();
    }
    tensor = null;
  }

  void clear() {
    letGo();
    bound = false;
    fresh = false;
  }
}
