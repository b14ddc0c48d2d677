package dev.preamble.peft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.safetensors.SafetensorsWriter;
import dev.preamble.safetensors.TensorView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdapterTest {
  private static final ModelShape LLAMA = new ModelShape(32, 2, 4, 2, 8);

  @TempDir Path folder;

  @Test
  void anAdapterMadeHereHasTheFieldsThatPeftWrites() throws Exception {
    float[] rows =
        Adapter.open(Fixtures.ADAPTERS.resolve("prompt-llama"))
            .tensor("prompt_embeddings")
            .toFloats();
    PromptTuning.of(new BaseModel("tiny-random/llama", LLAMA), 4, rows).save(folder);
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
      assertEquals(
          -1,
          Files.mismatch(
              Fixtures.ADAPTERS.resolve("prompt-llama").resolve(file), folder.resolve(file)));
    }
  }

  @Test
  void anAdapterEntersAsItsRowsAndOnlyAModelOfItsWidth() {
    Adapter adapter = Adapter.open(Fixtures.ADAPTERS.resolve("prompt-llama"));
    var rows = assertInstanceOf(AdapterEntry.EmbeddingRows.class, adapter.entry(LLAMA));
    assertEquals(4, rows.count());
    assertEquals(32, rows.width());
    assertArrayEquals(adapter.tensor("prompt_embeddings").toFloats(), rows.values());
    String message =
        assertThrows(PreambleException.class, () -> adapter.entry(new ModelShape(64, 2, 4, 2, 16)))
            .getMessage();
    assertTrue(message.contains("width 32") && message.contains("tiny-random/llama"), message);
  }

  @Test
  void theNestedLayoutOpensWhenItHoldsOneAdapter() throws Exception {
    Fixtures.copy("prompt-gpt2", folder.resolve("one"));
    assertEquals(4, Adapter.open(folder).virtualTokens());
    Fixtures.copy("prompt-gpt2", folder.resolve("two"));
    assertTrue(fault(folder).contains("[one, two]"));
  }

  @Test
  void unknownFieldsAndForeignTensorsAreKeptAndSaid() throws Exception {
    Path source = Fixtures.copy("prompt-gpt2", folder.resolve("source"));
    Fixtures.edit(source, "\"token_dim\"", "\"to_be\": [1.50],\n  \"token_dim\"");
    Adapter plain = Adapter.open(Fixtures.ADAPTERS.resolve("prompt-gpt2"));
    SafetensorsWriter.write(
        source.resolve("adapter_model.safetensors"),
        List.of(
            plain.tensor("prompt_embeddings"),
            TensorView.of("base_model.transformer.ln_f.weight", new float[32], 32),
            TensorView.of("other", new float[1], 1)),
        Map.of("format", "pt"));
    Adapter adapter = Adapter.open(source);
    assertEquals(3, adapter.warnings().size(), adapter.warnings().toString());
    assertTrue(adapter.warnings().get(0).contains("to_be"));
    assertTrue(adapter.warnings().get(1).contains("over the base model's own weights"));
    assertTrue(adapter.warnings().get(2).contains("'other' belongs to no part"));
    adapter.save(folder.resolve("copy"));
    assertEquals(
        Files.readString(source.resolve("adapter_config.json"))
            .replace("[1.50]", "[\n    1.5\n  ]"),
        Files.readString(folder.resolve("copy/adapter_config.json")));
    assertEquals(3, Adapter.open(folder.resolve("copy")).tensors().size());
  }

  @Test
  void theDigestFollowsContentAndNothingElse() throws Exception {
    Adapter adapter = Adapter.open(Fixtures.ADAPTERS.resolve("prompt-gpt2"));
    Path other = Fixtures.copy("prompt-gpt2", folder.resolve("other"));
    Fixtures.edit(other, "\n ", "");
    Fixtures.edit(other, "tiny-random/gpt2", "elsewhere");
    assertEquals(adapter.digest(), Adapter.open(other).digest());
    float[] rows = adapter.tensor("prompt_embeddings").toFloats();
    rows[0] = Math.nextUp(rows[0]);
    Adapter changed =
        PromptTuning.of(new BaseModel("tiny-random/gpt2", new ModelShape(32, 2, 4, 4, 8)), 4, rows);
    assertTrue(!adapter.digest().equals(changed.digest()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "\"PROMPT_TUNING\"|\"LORA\"|peft_type LORA is not supported; supported are",
        "\"peft_type\"|\"peft_typo\"|no peft_type",
        "\"CAUSAL_LM\"|\"CAUSAL\"|task_type 'CAUSAL' is unknown",
        "\"num_virtual_tokens\": 4|\"num_virtual_tokens\": 5|has shape [4, 32], but adapter_config.json asks for [5, 32]",
        "\"num_virtual_tokens\": 4|\"num_virtual_tokens\": 4.0|must be a whole number",
        "\"num_virtual_tokens\": 4|\"num_virtual_tokens\": \"4\"|must be a whole number",
        "\"num_virtual_tokens\": 4|\"num_virtual_tokens\": null|num_virtual_tokens is missing",
        "\"num_virtual_tokens\": 4|\"num_virtual_tokens\": -4|must be 0 or more",
        "\"token_dim\": 32|\"token_dim\": 16|asks for [4, 16]",
        "\"token_dim\": 32|\"token_dim\": 0|token_dim must be 1 or more",
        "\"RANDOM\"|\"TEXT\"|needs prompt_tuning_init_text",
        "\"tokenizer_kwargs\": null|\"tokenizer_kwargs\": {\"a\": 1}|goes with prompt_tuning_init TEXT",
        "\"modules_to_save\": null|\"modules_to_save\": \"score\"|must be a list of text",
        "\"inference_mode\": true|\"inference_mode\": 1|must be true or false",
        "{|[|not valid JSON (line",
        "\"revision\"|\"peft_type\"|Duplicate",
      })
  void aConfigurationThatPeftWouldRefuseOrGetWrongIsRefused(String from, String to, String reason)
      throws Exception {
    Path directory = Fixtures.edit(Fixtures.copy("prompt-gpt2", folder.resolve("x")), from, to);
    String message = fault(directory);
    assertTrue(message.contains(reason), message);
    assertTrue(message.startsWith(directory.toString()), message);
  }

  @Test
  void missingDamagedAndForeignFilesAreNamed() throws Exception {
    assertTrue(fault(folder.resolve("none")).contains("there is no folder"));
    assertTrue(fault(folder).contains("holds no adapter_config.json"));
    Path directory = Fixtures.copy("prompt-gpt2", folder.resolve("x"));
    Path tensors = directory.resolve("adapter_model.safetensors");
    assertTrue(fault(tensors).contains("is a file"));
    byte[] content = Files.readAllBytes(tensors);
    Files.write(tensors, java.util.Arrays.copyOf(content, content.length - 100));
    assertTrue(fault(directory).contains("truncated"));
    Files.delete(tensors);
    assertTrue(fault(directory).contains("but neither adapter_model.safetensors"));
    Files.writeString(
        directory.resolve("adapter_config.json"), "version https://git-lfs.github.com/spec/v1\n");
    assertTrue(fault(directory).contains("git lfs pull"));
    Files.writeString(directory.resolve("adapter_config.json"), "\uFEFF{}");
    assertTrue(fault(directory).contains("byte order mark"));
  }

  @ParameterizedTest
  @CsvSource({"NaN", "Infinity", "-Infinity"})
  void aValueThatIsNoNumberIsRefused(float value) throws Exception {
    float[] rows = new float[128];
    rows[77] = value;
    String message =
        assertThrows(
                PreambleException.class, () -> PromptTuning.of(new BaseModel("m", LLAMA), 4, rows))
            .getMessage();
    assertTrue(message.contains(value + " at element 77"), message);
  }

  @Test
  void aReadmeOfSomeoneElseStays() throws Exception {
    Adapter adapter = Adapter.open(Fixtures.ADAPTERS.resolve("prompt-gpt2"));
    adapter.save(folder, ModelCard.of(adapter, "| a | b |"));
    Path readme = folder.resolve("README.md");
    assertTrue(Files.readString(readme).contains("## Results\n\n| a | b |\n"));
    adapter.save(folder);
    assertTrue(!Files.readString(readme).contains("Results"));
    Files.writeString(readme, "mine");
    adapter.save(folder);
    assertEquals("mine", Files.readString(readme));
  }

  private static String fault(Path directory) {
    return assertThrows(PreambleException.class, () -> Adapter.open(directory)).getMessage();
  }
}
