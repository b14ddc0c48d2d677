package dev.preamble.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A session takes a graph, says what it declares, and computes it. */
class SessionTest {
  static final SessionOptions ONE = SessionOptions.defaults().withThreads(1);

  @Test
  void theLibraryIsTheOneAsked() {
    assertTrue(OnnxRuntime.version().matches("1\\.\\d+\\.\\d+.*"), OnnxRuntime.version());
    assertTrue(OnnxRuntime.path().toFile().isFile());
  }

  @Test
  void aGraphSaysItsInputsAndOutputs() {
    try (Session session = Session.open(TinyGraphs.matMul(), ONE)) {
      assertEquals(
          List.of(
              new TensorInfo("x", ElementType.FLOAT32, List.of(-1L, 3L), List.of("rows", "")),
              new TensorInfo("w", ElementType.FLOAT32, List.of(3L, 2L), List.of("", ""))),
          session.inputs());
      assertArrayEquals(new long[] {-1, 2}, session.outputs().getFirst().shape());
    }
  }

  @Test
  void aProductComesOutForAnyNumberOfRows() {
    try (Session session = Session.open(TinyGraphs.matMul(), ONE);
        Tensor w = Tensor.floats(new float[] {1, 2, 3, 4, 5, 6}, 3, 2)) {
      for (int rows : new int[] {1, 4, 0, 2}) {
        float[] values = new float[rows * 3];
        float[] expected = new float[rows * 2];
        for (int row = 0; row < rows; row++) {
          values[row * 3 + row % 3] = 1 + row;
          expected[row * 2] = (1 + row) * (1 + 2 * (row % 3));
          expected[row * 2 + 1] = (1 + row) * (2 + 2 * (row % 3));
        }
        try (Tensor x = Tensor.floats(values, rows, 3);
            Tensor y = session.run(Map.of("x", x, "w", w)).get("y")) {
          assertArrayEquals(new long[] {rows, 2}, y.shape());
          assertArrayEquals(expected, y.toFloats());
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyElementTypePassesThrough(ElementType type) {
    byte[] graph = TinyGraphs.identity(type);
    try (Session session = Session.open(graph, ONE);
        Tensor x = Tensor.allocate(type, 5)) {
      for (long at = 0; at < x.data().byteSize(); at++) {
        x.data().set(java.lang.foreign.ValueLayout.JAVA_BYTE, at, (byte) (at % 2));
      }
      try (Tensor y = session.run(Map.of("x", x)).get("y")) {
        assertEquals(type, y.type());
        assertEquals(-1, x.data().mismatch(y.data()));
      }
    }
  }

  @Test
  void everyOptionIsTaken() {
    for (SessionOptions.Optimization level : SessionOptions.Optimization.values()) {
      for (boolean on : new boolean[] {false, true}) {
        SessionOptions options =
            ONE.withOptimization(level)
                .withMemoryPattern(on)
                .withMemoryArena(on)
                .withPrepacking(on)
                .withDeterministic(on)
                .withSpinning(on)
                .withEntry("session.intra_op.allow_spinning", on ? "1" : "0");
        try (Session session = Session.open(TinyGraphs.chain(3), options);
            Tensor x = Tensor.floats(new float[] {1, 1, 0, 1}, 2, 2);
            Tensor y = session.run(Map.of("x", x)).get("y")) {
          assertArrayEquals(new float[] {1, 4, 0, 1}, y.toFloats());
        }
      }
    }
    assertThrows(IllegalArgumentException.class, () -> ONE.withThreads(0));
  }

  @Test
  void manyThreadsRunOneSession() {
    try (Session session = Session.open(TinyGraphs.chain(2), ONE)) {
      List<Float> results =
          IntStream.range(0, 200)
              .parallel()
              .mapToObj(
                  number -> {
                    try (Tensor x = Tensor.floats(new float[] {number}, 1, 1);
                        Tensor y = session.run(Map.of("x", x)).get("y")) {
                      return y.toFloats()[0];
                    }
                  })
              .toList();
      for (int number = 0; number < results.size(); number++) {
        assertEquals((float) number * number * number, results.get(number));
      }
    }
  }

  @Test
  void whatIsNoGraphIsRefusedWithCodeAndMessage() {
    OrtException garbled =
        assertThrows(OrtException.class, () -> Session.open(new byte[] {1, 2, 3}, ONE));
    assertEquals(OrtException.Code.INVALID_PROTOBUF, garbled.code());
    assertTrue(garbled.getMessage().contains("protobuf"), garbled.getMessage());

    byte[] unknown =
        TinyGraphs.model(
            ai.onnx.proto.OnnxMl.GraphProto.newBuilder()
                .addInput(TinyGraphs.value("x", ElementType.FLOAT32, 1))
                .addOutput(TinyGraphs.value("y", ElementType.FLOAT32, 1))
                .addNode(TinyGraphs.node("NoSuchNode", List.of("x"), "y")));
    OrtException refused = assertThrows(OrtException.class, () -> Session.open(unknown, ONE));
    assertTrue(refused.getMessage().contains("NoSuchNode"), refused.getMessage());
    assertFalse(refused.code() == OrtException.Code.UNKNOWN);
  }

  @Test
  void aWrongNameShapeOrTypeIsSaid() {
    try (Session session = Session.open(TinyGraphs.matMul(), ONE);
        Tensor x = Tensor.floats(new float[3], 1, 3);
        Tensor w = Tensor.floats(new float[6], 3, 2);
        Tensor flat = Tensor.floats(new float[6], 6);
        Tensor ints = Tensor.ints(new int[3], 1, 3)) {
      refused(session, Map.of("z", x, "w", w), "no input 'z'; it has [x, w]");
      refused(session, Map.of("x", x, "w", flat), "'w' takes FLOAT32 [3, 2], not FLOAT32 [6]");
      refused(session, Map.of("x", ints, "w", w), "'x' takes FLOAT32 [-1, 3], not INT32 [1, 3]");
      OrtException missing = assertThrows(OrtException.class, () -> session.run(Map.of("x", x)));
      assertEquals(OrtException.Code.FAIL, missing.code());
      assertTrue(missing.getMessage().contains("w"), missing.getMessage());
    }
  }

  private static void refused(Session session, Map<String, Tensor> values, String part) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> session.run(values));
    assertTrue(refused.getMessage().contains(part), refused.getMessage());
  }

  @Test
  void terminatedOptionsStopEveryRunUntilReset() {
    try (Session session = Session.open(TinyGraphs.chain(2), ONE);
        RunOptions options = new RunOptions();
        Tensor x = Tensor.floats(new float[] {2}, 1, 1)) {
      options.terminate();
      OrtException stopped =
          assertThrows(
              OrtException.class, () -> session.run(Map.of("x", x), List.of("y"), options));
      assertTrue(stopped.getMessage().contains("terminate"), stopped.getMessage());
      assertThrows(OrtException.class, () -> session.run(Map.of("x", x), List.of("y"), options));
      options.reset();
      session.run(Map.of("x", x), List.of("y"), options).get("y").close();
    }
  }

  @Test
  void useAfterCloseIsRefused() {
    Session session = Session.open(TinyGraphs.chain(2), ONE);
    RunOptions options = new RunOptions();
    Tensor x = Tensor.floats(new float[] {2}, 1, 1);
    Binding binding = session.bind();
    options.close();
    options.close();
    closed(options::terminate);
    closed(() -> session.run(Map.of("x", x), List.of("y"), options));
    x.close();
    x.close();
    closed(x::data);
    closed(x::toFloats);
    closed(() -> x.view(0, 1));
    closed(() -> session.run(Map.of("x", x)));
    closed(() -> binding.bindInput("x", x));
    session.close();
    session.close();
    closed(() -> session.run(Map.of()));
    closed(session::bind);
    binding.close();
    binding.close();
    closed(binding::run);
    closed(binding::clear);
    closed(() -> binding.output("y"));
  }

  private static void closed(org.junit.jupiter.api.function.Executable use) {
    IllegalStateException refused = assertThrows(IllegalStateException.class, use);
    assertTrue(refused.getMessage().endsWith("is closed"), refused.getMessage());
  }
}
