package dev.preamble.training.kernel;

import dev.preamble.runtime.Kernel;
import dev.preamble.runtime.KernelCall;
import java.lang.foreign.MemorySegment;

/**
 * Gives its first input once its second one is there. ONNX Runtime orders nodes by what they read
 * alone; this keeps it from computing ahead what would then lie about.
 */
final class Behind {
  static final Kernel KERNEL = Kernel.ofFloats("Behind", 2, 2, 1, Behind::compute);

  private Behind() {}

  private static void compute(KernelCall call) {
    MemorySegment value = call.input(0);
    MemorySegment result = call.outputLike(0, 0);
    if (result.address() != value.address()) {
      result.copyFrom(value);
    }
  }
}
