package dev.preamble.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** A binding reads and writes the memory it was given, run after run. */
class BindingTest {
  /** Times that a run may happen to end in the moment before it is looked at. */
  private static final int TRIES = 20;

  @Test
  void whatIsWrittenBetweenRunsIsRead() {
    try (Session session = Session.open(TinyGraphs.chain(2), SessionTest.ONE);
        Binding binding = session.bind();
        Tensor x = Tensor.allocate(ElementType.FLOAT32, 1, 1);
        Tensor y = Tensor.allocate(ElementType.FLOAT32, 1, 1)) {
      binding.bindInput("x", x);
      binding.bindOutput("y", y);
      for (int number = 0; number < 4; number++) {
        x.data().set(ValueLayout.JAVA_FLOAT, 0, number);
        binding.run();
        assertArrayEquals(new float[] {number * number * number}, y.toFloats());
      }
      assertSame(y, binding.output("y"));
    }
  }

  @Test
  void aFreshOutputTakesTheShapeOfEachRun() {
    try (Session session = Session.open(TinyGraphs.chain(2), SessionTest.ONE);
        Binding binding = session.bind();
        Tensor one = Tensor.floats(new float[] {2}, 1, 1);
        Tensor two = Tensor.floats(new float[] {1, 1, 0, 1}, 2, 2)) {
      binding.bindOutput("y");
      assertThrows(IllegalStateException.class, () -> binding.output("y"));
      binding.bindInput("x", one);
      binding.run();
      Tensor first = binding.output("y");
      assertSame(first, binding.output("y"));
      assertArrayEquals(new float[] {8}, first.toFloats());
      binding.bindInput("x", two);
      binding.run();
      assertThrows(IllegalStateException.class, first::data);
      assertArrayEquals(new float[] {1, 3, 0, 1}, binding.output("y").toFloats());
      binding.bindInput("x", one);
      binding.run();
      assertArrayEquals(new float[] {8}, binding.output("y").toFloats());
    }
  }

  @Test
  void clearedBindingsNeedTheirNamesAgain() {
    try (Session session = Session.open(TinyGraphs.chain(2), SessionTest.ONE);
        Binding binding = session.bind();
        Tensor x = Tensor.floats(new float[] {2}, 1, 1)) {
      binding.bindInput("x", x);
      binding.bindOutput("y");
      binding.run();
      binding.clear();
      assertThrows(OrtException.class, binding::run);
      assertThrows(IllegalStateException.class, () -> binding.output("y"));
      binding.bindInput("x", x);
      binding.bindOutput("y");
      binding.run();
      assertArrayEquals(new float[] {8}, binding.output("y").toFloats());
    }
  }

  @Test
  void everythingBoundMayBeClosedBeforeTheBinding() {
    Session session = Session.open(TinyGraphs.chain(2), SessionTest.ONE);
    Tensor x = Tensor.floats(new float[] {2}, 1, 1);
    Binding binding = session.bind();
    binding.bindInput("x", x);
    binding.bindOutput("y");
    x.close();
    session.close();
    binding.run();
    assertArrayEquals(new float[] {8}, binding.output("y").toFloats());
    binding.close();
  }

  @Test
  void wrongMemoryIsRefusedAtTheBindAndTheBindingGoesOn() {
    try (Session session = Session.open(TinyGraphs.chain(2), SessionTest.ONE);
        Binding binding = session.bind();
        Arena arena = Arena.ofConfined();
        Tensor x = Tensor.floats(new float[] {2}, 1, 1);
        Tensor ints = Tensor.ints(new int[] {2}, 1, 1);
        Tensor wide = Tensor.allocate(ElementType.FLOAT32, 3);
        Tensor readOnly =
            Tensor.of(ElementType.FLOAT32, new long[] {1, 1}, arena.allocate(4).asReadOnly())) {
      refused("no input 'z'", () -> binding.bindInput("z", x));
      refused("no output 'x'", () -> binding.bindOutput("x"));
      refused("takes FLOAT32", () -> binding.bindInput("x", ints));
      refused("is FLOAT32", () -> binding.bindOutput("y", ints));
      refused("read-only", () -> binding.bindOutput("y", readOnly));
      binding.bindInput("x", x);
      binding.bindOutput("y", wide);
      assertThrows(OrtException.class, binding::run);
      binding.bindOutput("y");
      binding.run();
      assertArrayEquals(new float[] {8}, binding.output("y").toFloats());
    }
  }

  @Test
  void aSecondThreadIsRefusedAndWhatARunUsesOutlivesItsClose() throws Exception {
    Throwable ended = closedWhileARunMayBeUnderWay();
    for (int again = 0; again < TRIES && ended.getMessage().contains("is closed"); again++) {
      // That run was over before the binding was closed, and the next one never began.
      ended = closedWhileARunMayBeUnderWay();
    }
    assertTrue(ended.getMessage().contains("terminate"), ended.getMessage());
  }

  /** What ends the runs of a binding that another thread closes, ending the run with it. */
  private static Throwable closedWhileARunMayBeUnderWay() throws InterruptedException {
    Session session = Session.open(TinyGraphs.chain(2000), SessionTest.ONE);
    Tensor x = Tensor.allocate(ElementType.FLOAT32, 192, 192);
    RunOptions options = new RunOptions();
    Binding binding = session.bind();
    binding.bindInput("x", x);
    binding.bindOutput("y");
    Throwable[] ended = new Throwable[1];
    Thread runner =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (ended[0] == null) {
                    try {
                      binding.run(options);
                    } catch (OrtException e) {
                      ended[0] = e;
                    } catch (IllegalStateException e) {
                      if (!isInUse(e)) {
                        ended[0] = e;
                      }
                    }
                  }
                });
    while (!isInUse(binding)) {
      Thread.onSpinWait();
    }
    binding.close();
    x.close();
    session.close();
    options.terminate();
    options.close();
    runner.join();
    return ended[0];
  }

  private static boolean isInUse(Binding binding) {
    try {
      binding.output("y");
      return false;
    } catch (IllegalStateException refused) {
      return isInUse(refused);
    }
  }

  private static boolean isInUse(IllegalStateException refused) {
    return refused.getMessage().contains("in use by another thread");
  }

  private static void refused(String part, org.junit.jupiter.api.function.Executable use) {
    IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, use);
    assertTrue(refused.getMessage().contains(part), refused.getMessage());
  }
}
