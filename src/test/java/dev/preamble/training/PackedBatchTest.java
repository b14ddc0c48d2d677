package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.preamble.model.FrozenModel;
import dev.preamble.model.ModelException;
import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.onnx.packed.PackedGraph;
import dev.preamble.runtime.ElementType;
import dev.preamble.runtime.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Batches of different shapes, packed one after the other into the same memory. */
class PackedBatchTest {
  private static final Front FRONT = Front.of(PackedEntry.Kind.ROWS, 3);

  @Test
  void rowsLieOneAfterTheOtherBehindThePrompt() {
    BitSet given = new BitSet();
    given.set(1);
    List<Example> rows =
        List.of(
            new Example(new int[] {5, 6}, new int[] {7}, OptionalInt.empty()),
            new Example(new int[0], new int[] {8, 9, 10, 11}, given, OptionalInt.empty(), 0));
    try (FrozenModel model = FrozenModel.open(Path.of("test-fixtures/stories260K"));
        PackedBatch packed = new PackedBatch(model.embeddings())) {
      Map<String, Tensor> inputs = packed.pack(rows, FRONT, 4);
      assertArrayEquals(
          model.embeddings().rows(5, 6, 8, 9, 10), inputs.get(PackedGraph.TEXT).toFloats());
      assertArrayEquals(
          new long[] {0, 1, 2, 3, 4, 3, 4, 5}, inputs.get(PackedGraph.POSITIONS).toLongs());
      assertArrayEquals(new long[] {0, 1, -1, 2, 3, 4}, inputs.get(PackedGraph.SLOTS).toLongs());
      assertArrayEquals(new long[] {2, 3}, inputs.get(PackedGraph.SLOTS).shape());
      assertArrayEquals(new long[] {0, 1, 3, 4, 5}, inputs.get(PackedGraph.SLOT_OF).toLongs());
      assertArrayEquals(new long[] {4, 2, 6, 7}, inputs.get(PackedGraph.LABEL_POSITIONS).toLongs());
      assertArrayEquals(new long[] {7, 8, 10, 11}, inputs.get(PackedGraph.LABELS).toLongs());
      assertArrayEquals(
          new float[] {0.25f, 0.25f, 0.25f, 0.25f},
          inputs.get(PackedGraph.LABEL_WEIGHTS).toFloats());
    }
  }

  /** The last label is never fed, so that no row of the table is looked up for it. */
  @ParameterizedTest
  @ValueSource(ints = {-100, -1, 512})
  void aLabelThatIsNoTokenIsRefused(int label) {
    List<Example> rows =
        List.of(new Example(new int[] {5, 6}, new int[] {7, label}, OptionalInt.empty()));
    try (FrozenModel model = FrozenModel.open(Path.of("test-fixtures/stories260K"));
        PackedBatch packed = new PackedBatch(model.embeddings())) {
      String message =
          assertThrows(ModelException.class, () -> packed.pack(rows, FRONT, 2)).getMessage();
      assertEquals(
          "token id %d: expected one of the vocabulary's 0 to 511".formatted(label), message);
    }
  }

  @Test
  void aBatchIsAsItWouldBeInFreshMemoryWhateverWasPackedBefore() {
    Random random = new Random(8);
    try (FrozenModel model = FrozenModel.open(Path.of("test-fixtures/stories260K"));
        PackedBatch reused = new PackedBatch(model.embeddings())) {
      for (int rows : new int[] {4, 9, 1, 9, 3}) {
        List<Example> batch =
            IntStream.range(0, rows)
                .mapToObj(
                    row -> PeftRows.random(model, random, 1 + random.nextInt(12), 1 + row % 3))
                .toList();
        try (PackedBatch fresh = new PackedBatch(model.embeddings())) {
          Map<String, Tensor> expected = fresh.pack(batch, FRONT, 7);
          Map<String, Tensor> found = reused.pack(batch, FRONT, 7);
          assertEquals(expected.keySet(), found.keySet());
          expected.forEach((name, tensor) -> assertEqual(tensor, found.get(name), name));
        }
      }
    }
  }

  private static void assertEqual(Tensor expected, Tensor found, String name) {
    assertEquals(expected.type(), found.type(), name);
    assertArrayEquals(expected.shape(), found.shape(), name);
    assertEquals(-1, expected.data().mismatch(found.data()), name);
  }

  @Test
  void memoryStaysWhileItIsLargeEnough() {
    try (ReshapedTensor tensor = new ReshapedTensor(ElementType.INT64)) {
      Tensor first = tensor.of(new long[] {1, 2, 3, 4}, 2, 2);
      long address = first.data().address();
      Tensor second = tensor.of(new long[] {5, 6}, 1, 2);
      assertEquals(address, second.data().address());
      assertArrayEquals(new long[] {5, 6}, second.toLongs());
      assertSame(second, tensor.in(1, 2));
      Tensor third = tensor.in(5);
      assertEquals(5 * ValueLayout.JAVA_LONG.byteSize(), third.data().byteSize());
    }
  }
}
