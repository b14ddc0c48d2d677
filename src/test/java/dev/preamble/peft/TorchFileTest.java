package dev.preamble.peft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.safetensors.TensorView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TorchFileTest {
  private static final long CAP = 1 << 20;

  @TempDir Path folder;

  @Test
  void viewsOfOneStorageAreReadWhateverTheirStrides() throws IOException {
    Path file = folder.resolve("file");
    Files.copy(Path.of("test-fixtures/torch/views.bin"), file);
    List<TensorView> tensors = TorchFile.read(file, CAP);
    assertEquals(
        List.of("all", "transposed", "column", "half", "parameter", "empty"), names(tensors));
    assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5}, tensors.get(0).toFloats());
    assertEquals(List.of(3L, 2L), tensors.get(1).shape());
    assertArrayEquals(new float[] {0, 3, 1, 4, 2, 5}, tensors.get(1).toFloats());
    assertArrayEquals(new float[] {1, 4}, tensors.get(2).toFloats());
    assertArrayEquals(new float[] {0.5f, -2}, tensors.get(3).toFloats());
    assertArrayEquals(new float[] {7}, tensors.get(4).toFloats());
    assertEquals(List.of(0L, 3L), tensors.get(5).shape());
  }

  @Test
  void aPickleThatNamesACommandIsRefusedByNameAndNothingRuns() throws IOException {
    Path trace = folder.resolve("trace");
    for (String[] callable :
        new String[][] {{"posix", "system"}, {"builtins", "eval"}, {"os", "system"}}) {
      Torch torch = new Torch().global(callable[0], callable[1]);
      torch.text("touch " + trace).bytes(0x85, 'R');
      assertTrue(
          refuse(torch).contains(callable[0] + "." + callable[1]), "the fault names the callable");
    }
    assertTrue(Files.notExists(trace));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 5, 1, reaches beyond its storage",
    "1, 4, 1, reaches beyond its storage",
    "0, 4, 2, reaches beyond its storage",
    "0, 2147483647, 0, reaches beyond its storage",
    "0, 2, 2147483647, reaches beyond its storage",
    "0, -1, 1, negative size",
  })
  void aTensorBeyondItsStorageIsRefused(int offset, int size, int stride, String reason)
      throws IOException {
    Torch torch = new Torch().bytes('}').text("a");
    torch.tensor(offset, new int[] {size}, new int[] {stride}).bytes('s');
    assertTrue(refuse(torch).contains(reason));
  }

  @Test
  void tensorsThatUnfoldTheSameValuesOverAndOverAreRefused() throws IOException {
    Torch torch = new Torch(10_000).bytes('}');
    for (int i = 0; i < 20; i++) {
      torch.text("t" + i).tensor(0, new int[] {100, 100}, new int[] {1, 100}).bytes('s');
    }
    assertTrue(refuse(torch).contains("overlap in a way that would unfold it"));
    Torch one = new Torch(10_000).bytes('}').text("a");
    one.tensor(0, new int[] {100, 100}, new int[] {1, 100}).bytes('s');
    assertEquals(1, TorchFile.read(one.save(folder.resolve("one")), CAP).size());
  }

  @Test
  void damagedAndForeignArchivesAreToldApart() throws IOException {
    assertTrue(refuse(new Torch().bytes('K', 1)).contains("no dictionary of tensors"));
    assertTrue(
        refuse(new Torch().bytes('}').text("a").bytes('K', 1, 's')).contains("names to tensors"));
    assertTrue(
        refuse(new Torch().bytes('}', ')', 'K', 1, 's')).contains("neither text nor numbers"));
    assertTrue(refuse(new Torch().bytes('t')).contains("cut short"));
    assertTrue(refuse(new Torch().bytes('X', 255, 255, 255, 127)).contains("cut short"));
    assertTrue(refuse(new Torch().bytes('h', 3)).contains("never stored"));
    assertTrue(refuse(new Torch().bytes('i')).contains("opcode 0x69"));
    assertTrue(refuse(new Torch().bytes('K', 1, ')', 'R')).contains("cannot be called"));
    assertTrue(refuse(new byte[0]).contains("is empty"));
    assertTrue(refuse(new byte[] {(byte) 0x80, 2, '.'}).contains("before 1.6"));
    assertTrue(
        refuse("version https://git-lfs.github.com/spec/v1\n".getBytes()).contains("git lfs pull"));
    assertTrue(refuse(new byte[100]).contains("no readable PyTorch archive"));
    Path file = folder.resolve("compressed");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
      out.putNextEntry(new ZipEntry("archive/data.pkl"));
      out.write(new byte[1000]);
    }
    assertTrue(refuse(Files.readAllBytes(file)).contains("is compressed"));
  }

  private static List<String> names(List<TensorView> tensors) {
    return tensors.stream().map(TensorView::name).toList();
  }

  private String refuse(Torch torch) throws IOException {
    return refuse(Files.readAllBytes(torch.save(folder.resolve("made"))));
  }

  private String refuse(byte[] content) throws IOException {
    Path file = Files.write(folder.resolve("refused"), content);
    String message =
        assertThrows(PreambleException.class, () -> TorchFile.read(file, CAP)).getMessage();
    assertTrue(message.startsWith(file.toString()), message);
    return message;
  }
}
