package dev.preamble.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights mapped by Java are used where they lie, by any number of sessions. */
class WeightsInPlaceTest {
  private static final SessionOptions UNPACKED = SessionOptions.defaults().withPrepacking(false);

  @TempDir Path folder;

  @Test
  void aWeightComesFromAMappedFileBehindASymbolicLink() throws IOException {
    Path file = folder.resolve("blobs").resolve("weights");
    Files.createDirectory(file.getParent());
    ByteBuffer bytes = ByteBuffer.allocate(8 + 24).order(ByteOrder.nativeOrder()).position(8);
    for (int number = 1; number <= 6; number++) {
      bytes.putFloat(number);
    }
    Files.write(file, bytes.array());
    Path link = Files.createSymbolicLink(folder.resolve("link.safetensors"), file);

    byte[] graph = TinyGraphs.matMulWithExternalWeight(3, 2);
    try (Arena arena = Arena.ofShared();
        Tensor x = Tensor.floats(new float[] {1, 10, 100}, 1, 3)) {
      Tensor weight =
          Tensor.of(ElementType.FLOAT32, new long[] {3, 2}, map(link, arena).asSlice(8));
      Session session = Session.open(graph, UNPACKED, Map.of("w", weight));
      weight.close();
      assertEquals(List.of("x"), session.inputs().stream().map(TensorInfo::name).toList());
      try (Tensor y = session.run(Map.of("x", x)).get("y")) {
        assertArrayEquals(new float[] {531, 642}, y.toFloats());
      }
      session.close();
    }
  }

  @Test
  void aWeightComesFromTheFolderThatIsNamed() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(24).order(ByteOrder.nativeOrder());
    for (int number = 1; number <= 6; number++) {
      bytes.putFloat(number);
    }
    Files.write(folder.resolve("nowhere.safetensors"), bytes.array());
    byte[] graph = TinyGraphs.matMulWithExternalWeight(3, 2);
    try (Session session = Session.open(graph, UNPACKED.withWeightFolder(folder));
        Tensor x = Tensor.floats(new float[] {1, 10, 100}, 1, 3);
        Tensor y = session.run(Map.of("x", x)).get("y")) {
      assertArrayEquals(new float[] {531, 642}, y.toFloats());
    }
  }

  @Test
  void sessionsShareTheMemoryOfTheirWeights() throws IOException {
    int size = 2048;
    long bytes = 4L * size * size;
    Path file = folder.resolve("weights");
    try (FileChannel channel =
        FileChannel.open(
            file,
            java.nio.file.StandardOpenOption.CREATE_NEW,
            java.nio.file.StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1), bytes - 1);
    }
    byte[] graph = TinyGraphs.matMulWithExternalWeight(size, size);
    List<Session> sessions = new ArrayList<>();
    try (Arena arena = Arena.ofShared();
        Tensor x = Tensor.allocate(ElementType.FLOAT32, 1, size)) {
      Tensor weight = Tensor.of(ElementType.FLOAT32, new long[] {size, size}, map(file, arena));
      Session.open(graph, UNPACKED, Map.of("w", weight)).close();
      long before = Memory.privateBytes();
      for (int number = 0; number < 8; number++) {
        Session session = Session.open(graph, UNPACKED, Map.of("w", weight));
        sessions.add(session);
        session.run(Map.of("x", x)).get("y").close();
      }
      long grown = Memory.privateBytes() - before;
      assertTrue(grown < bytes, "eight sessions took " + grown + " bytes for weights of " + bytes);
      sessions.forEach(Session::close);
      weight.close();
    }
  }

  @Test
  void aRunOverWeightsWhoseMemoryWasClosedIsRefused() {
    byte[] graph = TinyGraphs.matMulWithExternalWeight(3, 2);
    Session session;
    try (Arena arena = Arena.ofShared()) {
      Tensor weight = Tensor.of(ElementType.FLOAT32, new long[] {3, 2}, arena.allocate(24, 64));
      session = Session.open(graph, UNPACKED, Map.of("w", weight));
      weight.close();
    }
    try (Tensor x = Tensor.allocate(ElementType.FLOAT32, 1, 3)) {
      assertThrows(IllegalStateException.class, () -> session.run(Map.of("x", x)));
    }
    session.close();
  }

  @Test
  void aWeightThatIsMissingMisshapenOrUnknownIsRefused() {
    byte[] graph = TinyGraphs.matMulWithExternalWeight(3, 2);
    try (Tensor right = Tensor.allocate(ElementType.FLOAT32, 3, 2);
        Tensor wrong = Tensor.allocate(ElementType.FLOAT32, 2, 3)) {
      refused(graph, Map.of(), "nowhere.safetensors");
      refused(graph, Map.of("w", wrong), "dimensions do not match");
      refused(graph, Map.of("w", right, "v", right), "v");
    }
  }

  private static void refused(byte[] graph, Map<String, Tensor> weights, String part) {
    OrtException refused =
        assertThrows(OrtException.class, () -> Session.open(graph, UNPACKED, weights));
    assertTrue(refused.getMessage().contains(part), refused.getMessage());
  }

  private static MemorySegment map(Path file, Arena arena) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }
}
