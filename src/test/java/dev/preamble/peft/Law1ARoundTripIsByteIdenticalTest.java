package dev.preamble.peft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Law 1: a PEFT adapter read and written again is byte-identical, both files. */
class Law1ARoundTripIsByteIdenticalTest {
  @TempDir Path folder;

  static List<Path> adapters() throws IOException {
    try (var folders = Files.list(Fixtures.ADAPTERS)) {
      return folders.sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("adapters")
  void bothFilesAreByteIdentical(Path directory) throws IOException {
    Adapter adapter = Adapter.open(directory);
    assertEquals(List.of(), adapter.warnings());
    adapter.save(folder);
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
      assertArrayEquals(
          Files.readAllBytes(directory.resolve(file)), Files.readAllBytes(folder.resolve(file)));
    }
    assertEquals(adapter.digest(), Adapter.open(folder).digest());
  }
}
