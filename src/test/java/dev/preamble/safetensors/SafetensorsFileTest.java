package dev.preamble.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsFileTest {
  static final Path EVERY_DTYPE = Path.of("test-fixtures/safetensors/every-dtype.safetensors");

  @TempDir Path folder;

  @Test
  void theReferenceLibrarysFileIsReadAndWrittenAgainByteForByte() throws Exception {
    try (SafetensorsFile file = SafetensorsFile.open(EVERY_DTYPE)) {
      assertEquals(22, file.names().size());
      assertEquals(Map.of("format", "pt"), file.metadata());
      assertEquals(1.5f, file.tensor("b").toFloats()[0]);
      assertEquals(List.of(), file.tensor("b").shape());
      List<TensorView> shuffled =
          file.tensors().stream().sorted((a, b) -> b.name().compareTo(a.name())).toList();
      Path copy = folder.resolve("copy");
      SafetensorsWriter.write(copy, shuffled, file.metadata());
      assertEquals(-1, Files.mismatch(EVERY_DTYPE, copy));
      assertArrayEquals(
          Files.readAllBytes(EVERY_DTYPE), SafetensorsWriter.toBytes(shuffled, file.metadata()));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}|takes 12 bytes",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}|truncated",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}|left over",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}|hole",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}|overlap",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}|takes 8 bytes",
        "{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}|unknown dtype 'F31'",
        "{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}|is no size",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}|is no size",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}|whole numbers",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}|whole numbers",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[18446744073709551616],\"data_offsets\":[0,8]}}|whole numbers",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}|data_offsets [begin, end]",
        "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}|needs dtype, shape",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}|unknown field 'x'",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,8]}}|Duplicate",
        "{\"a\":7}|must be an object",
        "{\"__metadata__\":{\"format\":7},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}|text to text",
        "{\"a\\ud800\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}|surrogate",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} x|not valid JSON",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}{}|closing brace",
        "{\"a\":{\"dtype\":|not valid JSON",
        "[]|must begin with '{'",
      })
  void aMalformedHeaderIsRefusedByName(String header, String reason) throws Exception {
    PreambleException fault = refuse(bytes(header.length(), header, 8));
    assertTrue(fault.getMessage().contains(reason), fault.getMessage());
  }

  @Test
  void whatIsNoSafetensorsFileIsToldApart() throws Exception {
    assertTrue(refuse(new byte[0]).getMessage().contains("is empty"));
    assertTrue(refuse(new byte[5]).getMessage().contains("truncated"));
    assertTrue(refuse(bytes(100, "{}", 0)).getMessage().contains("truncated"));
    assertTrue(refuse(bytes(100_000_001, "{}", 0)).getMessage().contains("100,000,000 allowed"));
    assertTrue(refuse(bytes(-1, "{}", 0)).getMessage().contains("18446744073709551615"));
    assertTrue(
        refuse("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n")
            .getMessage()
            .contains("git lfs pull"));
    assertTrue(refuse("PK\u0003\u0004 and so on").getMessage().contains("PyTorch zip"));
    assertTrue(refuse("<!DOCTYPE html><html>").getMessage().contains("web page"));
    byte[] latin = bytes(4, "{\"x\"", 0);
    latin[10] = (byte) 0xe9;
    assertTrue(refuse(latin).getMessage().contains("not valid UTF-8"));
    assertTrue(
        assertThrows(PreambleException.class, () -> SafetensorsFile.open(folder))
            .getMessage()
            .contains("is a folder"));
    assertTrue(
        assertThrows(PreambleException.class, () -> SafetensorsFile.open(folder.resolve("none")))
            .getMessage()
            .contains("no such file"));
  }

  @Test
  void aTensorBeyondTwoGibibytesIsReadInPlace() throws Exception {
    long count = 3L << 30;
    String header =
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[0,%d]}}".formatted(count, count);
    Path path = folder.resolve("large");
    Files.write(path, bytes(header.length(), header, 0));
    try (RandomAccessFile sparse = new RandomAccessFile(path.toFile(), "rw")) {
      sparse.setLength(8 + header.length() + count);
      sparse.seek(sparse.length() - 1);
      sparse.write(1);
    }
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      float[] last = new float[2];
      file.tensor("a").copyFloats(count - 2, last, 0, 2);
      assertArrayEquals(new float[] {0, 1}, last);
      assertThrows(PreambleException.class, () -> file.tensor("a").toFloats());
    }
  }

  @Test
  void aTensorWrittenPieceByPieceIsTheSameFile() throws Exception {
    TensorView tensor = TensorView.of("logits", new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
    Path whole = folder.resolve("whole.safetensors");
    Path pieces = folder.resolve("pieces.safetensors");
    SafetensorsWriter.write(whole, List.of(tensor), Map.of("format", "pt"));
    pieces(pieces, tensor, 3);
    assertEquals(-1, Files.mismatch(whole, pieces));
    PreambleException refused =
        assertThrows(PreambleException.class, () -> pieces(folder.resolve("less"), tensor, 2));
    assertTrue(refused.getMessage().contains("takes 24 bytes, but 16 were"), refused.getMessage());
    assertFalse(Files.exists(folder.resolve("less")));
  }

  private static void pieces(Path file, TensorView tensor, int rows) {
    SafetensorsWriter.write(
        file,
        tensor.name(),
        tensor.dtype(),
        tensor.shape(),
        Map.of("format", "pt"),
        channel -> {
          for (int row = 0; row < rows; row++) {
            channel.write(tensor.data().asSlice(8L * row, 8).asByteBuffer());
          }
        });
  }

  @Test
  void aMissingTensorIsAnsweredWithTheNamesThatAreThere() {
    try (SafetensorsFile file = SafetensorsFile.open(EVERY_DTYPE)) {
      String message =
          assertThrows(PreambleException.class, () -> file.tensor("none")).getMessage();
      assertTrue(message.contains("zuint64") && message.contains("14 more"), message);
    }
  }

  @Test
  void aViewOfAClosedFileFailsInsteadOfReadingFreedMemory() {
    SafetensorsFile file = SafetensorsFile.open(EVERY_DTYPE);
    TensorView view = file.tensor("b");
    TensorView copy = view.copy();
    file.close();
    assertThrows(IllegalStateException.class, view::toFloats);
    assertEquals(1.5f, copy.toFloats()[0]);
  }

  /** Length field, header and {@code data} bytes of zero. */
  private static byte[] bytes(long length, String header, int data) {
    byte[] text = header.getBytes(StandardCharsets.ISO_8859_1);
    return ByteBuffer.allocate(8 + text.length + data)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(length)
        .put(text)
        .array();
  }

  private PreambleException refuse(String content) throws IOException {
    return refuse(content.getBytes(StandardCharsets.ISO_8859_1));
  }

  private PreambleException refuse(byte[] content) throws IOException {
    Path path = Files.write(folder.resolve("file"), content);
    PreambleException mapped =
        assertThrows(PreambleException.class, () -> SafetensorsFile.open(path));
    PreambleException read =
        assertThrows(
            PreambleException.class, () -> SafetensorsFile.read(path, 100_000_000, 1 << 30));
    assertEquals(mapped.getMessage(), read.getMessage());
    assertTrue(mapped.getMessage().startsWith(path.toString()), mapped.getMessage());
    return mapped;
  }
}
