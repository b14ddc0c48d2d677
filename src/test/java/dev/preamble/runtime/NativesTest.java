package dev.preamble.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library is unpacked once and whole; what cannot serve as one is refused with the reason. */
class NativesTest {
  @TempDir Path folder;

  @Test
  void manyAtOnceUnpackOneFolder() throws IOException {
    List<Path> libraries =
        IntStream.range(0, 4).parallel().mapToObj(one -> Natives.unpacked(folder)).toList();
    assertEquals(1, libraries.stream().distinct().count());
    assertEquals(List.of(libraries.getFirst().getParent()), list(folder));
    assertTrue(libraries.getFirst().getParent().getFileName().toString().contains("1."));
    assertTrue(list(libraries.getFirst().getParent()).contains(libraries.getFirst()));
  }

  @Test
  void anUnpackedLibraryStaysAndATruncatedOneIsMended() throws IOException {
    Path library = Natives.unpacked(folder);
    Object first = Files.readAttributes(library, "unix:ino").get("ino");
    assertEquals(library, Natives.unpacked(folder));
    assertEquals(first, Files.readAttributes(library, "unix:ino").get("ino"));
    long size = Files.size(library);
    Files.write(library, new byte[100]);
    assertEquals(size, Files.size(Natives.unpacked(folder)));
  }

  @Test
  void manyAtOnceMendATruncatedLibraryAndEachFindsItWhole() throws IOException {
    Path library = Natives.unpacked(folder);
    long size = Files.size(library);
    for (int round = 0; round < 3; round++) {
      Files.write(library, new byte[100]);
      List<Long> sizes =
          IntStream.range(0, 4).parallel().mapToObj(one -> size(Natives.unpacked(folder))).toList();
      assertEquals(List.of(size, size, size, size), sizes);
    }
    assertEquals(List.of(library.getParent()), list(folder));
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }

  @Test
  void whatIsNoOnnxRuntimeIsRefusedWithTheReason() throws IOException {
    refused(folder.resolve("missing.so"), "there is no such file");
    Path text = Files.writeString(folder.resolve("text.so"), "no library");
    refused(text, "text.so: ");
    Path other = Path.of(System.getProperty("java.home"), "lib", System.mapLibraryName("zip"));
    refused(other, "no OrtGetApiBase");
  }

  @Test
  void aCacheThatCannotBeWrittenIsSaid() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    PreambleException refused =
        assertThrows(PreambleException.class, () -> Natives.unpacked(file.resolve("below")));
    assertTrue(refused.getMessage().contains("PREAMBLE_CACHE"), refused.getMessage());
  }

  @Test
  void theLoadedLibraryIsNotChanged() {
    OnnxRuntime.start();
    OnnxRuntime.use(OnnxRuntime.path());
    assertThrows(IllegalStateException.class, () -> OnnxRuntime.use(folder.resolve("another.so")));
  }

  private static void refused(Path library, String part) {
    PreambleException refused = assertThrows(PreambleException.class, () -> Library.load(library));
    assertTrue(refused.getMessage().contains(part), refused.getMessage());
    assertTrue(refused.getMessage().contains("PREAMBLE_ONNXRUNTIME"), refused.getMessage());
  }

  private static List<Path> list(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.toList();
    }
  }
}
