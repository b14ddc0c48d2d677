package dev.preamble.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What lies in a device's memory is reached by copying, and bound where it lies. */
class DeviceMemoryTest {
  private static final float[] SIX = {1, 2, 3, 4, 5, 6};

  @Test
  void copiesGoInOutAndWithin() {
    try (OffHost there = new OffHost();
        Tensor six = Tensor.floats(SIX, 2, 3);
        Tensor far = there.allocate(ElementType.FLOAT32, 2, 3);
        Tensor other = there.allocate(ElementType.FLOAT32, 6)) {
      assertArrayEquals(new float[6], far.toFloats());
      far.copyFrom(six);
      assertArrayEquals(SIX, far.toFloats());
      other.copyFrom(far, 1, 3, 2);
      assertArrayEquals(new float[] {0, 0, 0, 2, 3, 0}, other.toFloats());
      try (Tensor view = far.view(2, 2)) {
        assertArrayEquals(new float[] {3, 4}, view.toFloats());
        view.copyFrom(other, 3, 0, 2);
      }
      six.copyFrom(far);
      assertArrayEquals(new float[] {1, 2, 2, 3, 5, 6}, six.toFloats());
      six.copyFrom(other, 4, 0, 0);
      assertArrayEquals(new float[] {1, 2, 2, 3, 5, 6}, six.toFloats());
    }
  }

  @Test
  void javaDoesNotReachInAndSizesAreChecked() {
    try (OffHost there = new OffHost();
        Tensor far = there.allocate(ElementType.FLOAT32, 2, 3);
        Tensor none = there.allocate(ElementType.FLOAT32, 0);
        Tensor ints = Tensor.ints(new int[6], 6);
        Tensor two = Tensor.floats(new float[2], 2)) {
      IllegalStateException refused = assertThrows(IllegalStateException.class, far::data);
      assertTrue(refused.getMessage().contains("Java cannot reach"), refused.getMessage());
      assertArrayEquals(new float[0], none.toFloats());
      assertThrows(IllegalArgumentException.class, () -> far.copyFrom(ints));
      assertThrows(IllegalArgumentException.class, () -> far.copyFrom(two));
      assertThrows(IndexOutOfBoundsException.class, () -> far.copyFrom(two, 1, 0, 2));
      assertThrows(IndexOutOfBoundsException.class, () -> far.copyFrom(two, 0, 5, 2));
      assertThrows(IndexOutOfBoundsException.class, () -> far.view(5, 2));
    }
  }

  @Test
  void tensorsOutliveWhatTheyCameFrom() {
    Tensor far;
    try (OffHost there = new OffHost()) {
      far = there.allocate(ElementType.FLOAT32, 6);
      far.close();
      assertThrows(IllegalStateException.class, far::toFloats);
      far = there.allocate(ElementType.FLOAT32, 6);
    }
    try (Tensor six = Tensor.floats(SIX, 6);
        Tensor kept = far) {
      kept.copyFrom(six);
      assertArrayEquals(SIX, kept.toFloats());
    }
  }

  @Test
  void takingAndGivingBackKeepsMemoryFlat() throws IOException {
    try (OffHost there = new OffHost();
        Tensor six = Tensor.floats(SIX, 6)) {
      churn(there, six, 300);
      long before = Memory.privateBytes();
      churn(there, six, 3_000);
      long grown = Memory.privateBytes() - before;
      assertTrue(grown < 48 << 20, "3,000 tensors of 64 KiB took " + grown + " bytes");
    }
  }

  private static void churn(OffHost there, Tensor six, int times) {
    for (int time = 0; time < times; time++) {
      try (Tensor far = there.allocate(ElementType.FLOAT32, 16_384)) {
        far.copyFrom(six, 0, time, 6);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.preamble.runtime.Devices#all")
  void aBindingReadsOrdinaryMemoryAnewAndDeviceMemoryInPlace(Device device) {
    SessionOptions options = SessionTest.ONE.withDevice(device);
    try (Session session = Session.open(TinyGraphs.chain(2), options);
        Binding binding = new Binding(session, true);
        Tensor x = Tensor.allocate(ElementType.FLOAT32, 1, 1);
        Tensor y = session.allocate(ElementType.FLOAT32, 1, 1)) {
      binding.bindInput("x", x);
      binding.bindOutput("y", y);
      for (int number = 0; number < 4; number++) {
        x.data().set(ValueLayout.JAVA_FLOAT, 0, number);
        binding.run();
        assertArrayEquals(new float[] {number * number * number}, y.toFloats());
      }
      y.copyFrom(x);
      binding.bindInput("x", y);
      binding.bindOutput("y", x);
      binding.run();
      assertArrayEquals(new float[] {27}, x.toFloats());
    }
  }
}
