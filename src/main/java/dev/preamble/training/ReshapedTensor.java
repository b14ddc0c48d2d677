package dev.preamble.training;

import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A tensor whose shape changes from run to run. Its memory stays and grows with the largest: memory
 * that is new is cleared, touched for the first time and given back, which takes longer than
 * filling it.
 */
final class ReshapedTensor implements AutoCloseable {
  private Tensor memory;
  private Tensor shaped;

  ReshapedTensor(ElementType type) {
    memory = Tensor.allocate(type, 0);
    shaped = memory.view(0, 0);
  }

  /** The tensor in {@code shape}; what it holds is what is left of runs before. */
  Tensor in(long... shape) {
    if (Arrays.equals(shape, shaped.shape())) {
      return shaped;
    }
    long size = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    if (size > memory.size()) {
      Tensor larger = Tensor.allocate(memory.type(), size);
      close();
      memory = larger;
      shaped = larger.view(0, shape);
      return shaped;
    }
    Tensor other = memory.view(0, shape);
    shaped.close();
    shaped = other;
    return shaped;
  }

  /** The tensor in {@code shape}, which {@code values} fill. */
  Tensor of(long[] values, long... shape) {
    Tensor tensor = in(shape);
    MemorySegment.copy(values, 0, tensor.data(), ValueLayout.JAVA_LONG, 0, values.length);
    return tensor;
  }

  /** The tensor in {@code shape}, which {@code values} fill. */
  Tensor of(float[] values, long... shape) {
    Tensor tensor = in(shape);
    MemorySegment.copy(values, 0, tensor.data(), ValueLayout.JAVA_FLOAT, 0, values.length);
    return tensor;
  }

  @Override
  public void close() {
    shaped.close();
    memory.close();
  }
}
