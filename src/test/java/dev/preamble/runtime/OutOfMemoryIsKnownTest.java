package dev.preamble.runtime;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A computation that finds no memory is told from one that fails otherwise. */
class OutOfMemoryIsKnownTest {
  @Test
  void aTensorLargerThanTheAddressSpace() {
    byte[] graph =
        TinyGraphs.model(
            GraphProto.newBuilder()
                .addInput(TinyGraphs.value("x", ElementType.FLOAT32, 1))
                .addInput(TinyGraphs.value("shape", ElementType.INT64, 1))
                .addOutput(TinyGraphs.value("y", ElementType.FLOAT32, "n"))
                .addNode(TinyGraphs.node("Expand", List.of("x", "shape"), "y")));
    SessionOptions options = SessionOptions.defaults().withThreads(1);
    try (Session session = Session.open(graph, options);
        Tensor x = Tensor.floats(new float[] {1}, 1)) {
      assertTrue(failure(session, x, 1L << 46).isOutOfMemory());
      assertFalse(failure(session, x, -7).isOutOfMemory());
    }
  }

  private static OrtException failure(Session session, Tensor x, long size) {
    try (Tensor shape = Tensor.longs(new long[] {size}, 1)) {
      return assertThrows(
          OrtException.class, () -> session.run(Map.of("x", x, "shape", shape)).get("y").close());
    }
  }
}
