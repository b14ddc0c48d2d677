package dev.preamble.peft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.safetensors.TensorView;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Law 7, as far as files go: a bad adapter never harms another, and nothing that a user uploads is
 * executed.
 */
class Law7ABadAdapterHarmsNoOtherTest {
  @TempDir Path folder;

  @Test
  void aFileThatIsCutShortAfterOpeningLeavesTheOpenAdapterWhole() throws Exception {
    Path directory = Fixtures.copy("prompt-gpt2", folder.resolve("x"));
    Adapter adapter = Adapter.open(directory);
    String digest = adapter.digest();
    float[] rows = adapter.tensor("prompt_embeddings").toFloats();
    Path file = directory.resolve("adapter_model.safetensors");
    try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
      cut.setLength(100);
    }
    assertArrayEquals(rows, adapter.tensor("prompt_embeddings").toFloats());
    assertEquals(digest, adapter.digest());
    assertThrows(PreambleException.class, () -> Adapter.open(directory));
  }

  @Test
  void whatACallerDoesToTheRowsThatItGotChangesNobodyElses() {
    Adapter adapter = Adapter.open(Fixtures.ADAPTERS.resolve("prompt-llama"));
    ModelShape shape = new ModelShape(32, 2, 4, 2, 8);
    var mine = (AdapterEntry.EmbeddingRows) adapter.entry(shape);
    mine.values()[0] = 1000;
    var others = (AdapterEntry.EmbeddingRows) adapter.entry(shape);
    assertTrue(others.values()[0] != 1000);
    TensorView tensor = adapter.tensor("prompt_embeddings");
    assertTrue(tensor.data().isReadOnly());
  }

  @Test
  void aBadNeighbourDoesNotKeepAGoodAdapterFromOpening() throws Exception {
    Fixtures.edit(Fixtures.copy("prompt-gpt2", folder.resolve("bad")), "{", "[");
    Path good = Fixtures.copy("prompt-gpt2", folder.resolve("good"));
    assertThrows(PreambleException.class, () -> Adapter.open(folder.resolve("bad")));
    assertEquals(4, Adapter.open(good).virtualTokens());
  }

  @Test
  void aPickleIsReadAsDataAndNeverRun() throws Exception {
    Path directory = Fixtures.copy("prompt-gpt2", folder.resolve("x"));
    Files.delete(directory.resolve("adapter_model.safetensors"));
    Path trace = folder.resolve("trace");
    new Torch()
        .global("posix", "system")
        .text("touch " + trace)
        .bytes(0x85, 'R')
        .save(directory.resolve("adapter_model.bin"));
    String message =
        assertThrows(PreambleException.class, () -> Adapter.open(directory)).getMessage();
    assertTrue(
        message.contains("posix.system") && message.contains("nothing of it was run"), message);
    assertTrue(Files.notExists(trace));
  }
}
