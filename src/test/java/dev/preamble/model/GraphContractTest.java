package dev.preamble.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.generation.Stories;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Manifest, graph and checkpoint are compared before anything is computed. */
class GraphContractTest {
  @TempDir Path folder;

  @Test
  void aManifestThatPromisesAnotherGraphIsRefused() throws IOException {
    refusedManifest(
        "\"hidden_size\": 64",
        "\"hidden_size\": 65",
        "input inputs_embeds: the manifest says FLOAT [any, any, 65]");
    refusedManifest(
        "\"vocabulary_size\": 512", "\"vocabulary_size\": 511", "output logits: the manifest says");
    refusedManifest(
        "\"head_size\": 8,",
        "\"head_size\": 9,",
        "input past_key_values.0.key: the manifest says FLOAT [any, 4, any, 9]");
    refusedManifest(
        "\"dtype\": \"float32\", \"embedding\"",
        "\"dtype\": \"float16\", \"embedding\"",
        "past_key_values.0.key: the manifest says FLOAT16");
    String layer = "{ \"head_size\": 8, \"heads\": 4, \"window\": null }";
    refusedManifest(
        layer + " ]", layer + ", " + layer + " ]", "the graph has no input past_key_values.5.key");
    refusedManifest(
        layer + ", " + layer, layer, "input past_key_values.3.key: expected none of this name");
  }

  /** Two projections of one layer change places in the checkpoint's header: the size stays. */
  @Test
  void aCheckpointThatIsNotTheExportedOneIsRefused() throws IOException {
    Path model = Stories.changedManifest(folder.resolve("model"), "\"task\"", "\"task\"");
    swap(
        model.resolve("model.safetensors"),
        "layers.0.self_attn.q_proj",
        "layers.1.self_attn.q_proj");
    assertTrue(fault(model).contains("is not the checkpoint that was exported"), fault(model));
    assertTrue(fault(model).contains("layers."), fault(model));
  }

  private void refusedManifest(String from, String to, String reason) throws IOException {
    Path model = Files.createTempDirectory(folder, "model").resolve("model");
    String message = fault(Stories.changedManifest(model, from, to));
    assertTrue(message.contains(reason), message);
    assertTrue(message.contains("export the model again"), message);
    assertEquals(1, message.lines().count());
  }

  private static String fault(Path model) {
    return assertThrows(PreambleException.class, () -> FrozenModel.open(model)).getMessage();
  }

  private static void swap(Path file, String one, String other) throws IOException {
    String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    assertTrue(text.contains(one) && text.contains(other));
    String swapped =
        text.replace(one, "a place held").replace(other, one).replace("a place held", other);
    Files.write(file, swapped.getBytes(StandardCharsets.ISO_8859_1));
  }
}
