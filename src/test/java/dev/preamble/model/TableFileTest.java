package dev.preamble.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.safetensors.Dtype;
import dev.preamble.safetensors.SafetensorsFile;
import dev.preamble.safetensors.SafetensorsWriter;
import dev.preamble.safetensors.TensorView;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A table read row by row, beside the same table mapped. */
class TableFileTest {
  private static final int ROWS = 300;
  private static final int WIDTH = 24;

  @TempDir Path folder;
  private Path path;

  @BeforeEach
  void writeTables() {
    byte[] halves = new byte[2 * ROWS * WIDTH];
    new Random(1).nextBytes(halves);
    for (int i = 1; i < halves.length; i += 2) {
      halves[i] &= 0x3f;
    }
    float[] floats = new float[ROWS * WIDTH];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = i;
    }
    path = folder.resolve("model.safetensors");
    SafetensorsWriter.write(
        path,
        List.of(half("f16", Dtype.F16, halves), half("bf16", Dtype.BF16, halves), f32(floats)),
        Map.of());
  }

  private static TensorView half(String name, Dtype dtype, byte[] bytes) {
    return new TensorView(
        name, dtype, List.of((long) ROWS, (long) WIDTH), MemorySegment.ofArray(bytes));
  }

  private static TensorView f32(float[] values) {
    return TensorView.of("f32", values, ROWS, WIDTH);
  }

  @Test
  void rowsOfAnyFloatTypeAreThoseOfTheMapping() {
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      for (String name : List.of("f16", "bf16", "f32")) {
        TensorView mapped = file.tensor(name);
        try (TableFile table = TableFile.open(file, mapped)) {
          for (int row : new int[] {0, ROWS - 1, 17, 17}) {
            float[] expected = new float[WIDTH];
            mapped.copyFloats((long) row * WIDTH, expected, 0, WIDTH);
            float[] found = new float[WIDTH + 1];
            table.copy(row, MemorySegment.ofArray(found), 4);
            assertArrayEquals(expected, Arrays.copyOfRange(found, 1, WIDTH + 1), name);
          }
        }
      }
    }
  }

  @Test
  void threadsDoNotDisturbEachOther() {
    try (SafetensorsFile file = SafetensorsFile.open(path);
        TableFile table = TableFile.open(file, file.tensor("f32"))) {
      assertTrue(
          IntStream.range(0, 20_000)
              .parallel()
              .allMatch(
                  i -> {
                    float[] found = new float[WIDTH];
                    table.copy(i % ROWS, MemorySegment.ofArray(found), 0);
                    return found[0] == i % ROWS * WIDTH && found[WIDTH - 1] == found[0] + WIDTH - 1;
                  }));
    }
  }

  @Test
  void aFileCutShortIsNamed() throws Exception {
    try (SafetensorsFile file = SafetensorsFile.open(path);
        TableFile table = TableFile.open(file, file.tensor(file.names().getLast()))) {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(channel.size() - 1);
      }
      MemorySegment row = MemorySegment.ofArray(new float[WIDTH]);
      table.copy(ROWS - 2, row, 0);
      ModelException refused =
          assertThrows(ModelException.class, () -> table.copy(ROWS - 1, row, 0));
      assertTrue(refused.getMessage().contains(path.toString()), refused.getMessage());
    }
  }
}
