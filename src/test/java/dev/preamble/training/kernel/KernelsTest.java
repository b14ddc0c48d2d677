package dev.preamble.training.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.preamble.onnx.Node;
import dev.preamble.runtime.Kernel;
import org.junit.jupiter.api.Test;

class KernelsTest {
  @Test
  void graphsNameTheDomainThatSessionsKnow() {
    assertEquals(Kernel.DOMAIN, Node.KERNELS);
  }

  @Test
  void noTwoHaveOneName() {
    assertEquals(Kernels.ALL.size(), Kernels.ALL.stream().map(Kernel::name).distinct().count());
  }
}
