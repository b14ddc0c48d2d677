package dev.preamble.peft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.safetensors.SafetensorsWriter;
import dev.preamble.safetensors.TensorView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each method adds: its entry into the model, its checks, its form when made here. */
class MethodsTest {
  private static final ModelShape GPT2 = new ModelShape(32, 2, 4, 4, 8);
  private static final ModelShape LLAMA = new ModelShape(32, 2, 4, 2, 8);
  private static final BaseModel BASE = new BaseModel("tiny-random/llama", LLAMA);

  @TempDir Path folder;

  @Test
  void prefixesEnterAsTheyStandAndOnlyAModelOfTheirShape() {
    for (String name : new String[] {"prefix-llama", "cartridge-llama"}) {
      Adapter adapter = Adapter.open(Fixtures.ADAPTERS.resolve(name));
      var prefix = assertInstanceOf(AdapterEntry.KeyValuePrefix.class, adapter.entry(LLAMA));
      assertEquals(
          List.of(2, 2, 8, 4),
          List.of(prefix.layers(), prefix.heads(), prefix.headSize(), prefix.count()));
      assertArrayEquals(adapter.tensor("prompt_embeddings").toFloats(), prefix.values());
      assertTrue(fault(() -> adapter.entry(GPT2)).contains("made for another model"));
      assertTrue(
          fault(() -> adapter.entry(new ModelShape(32, 4, 4, 1, 8))).contains("made for 2 layers"));
    }
  }

  @Test
  void aMultitaskPromptIsTheProductForTheTaskNamed() {
    float[] shared = {1, 2, 3, 4, 5, 6};
    float[] columns = {1, 2, 3, 4, 5, 6, 7, 8};
    float[] rows = {1, 0, 1, 0, 1, 1, 2, 0, 0, 0, 2, 1};
    ModelShape narrow = new ModelShape(3, 1, 1, 1, 3);
    Adapter adapter =
        MultitaskPromptTuning.of(new BaseModel("m", narrow), 2, 2, 2, shared, columns, rows);
    assertEquals(2, adapter.tasks());
    var first = (AdapterEntry.EmbeddingRows) adapter.entry(narrow, 0);
    // Task 0: cols [[1, 2], [3, 4]] @ rows [[1, 0, 1], [0, 1, 1]] = [[1, 2, 3], [3, 4, 7]].
    assertArrayEquals(new float[] {1, 4, 9, 12, 20, 42}, first.values());
    var second = (AdapterEntry.EmbeddingRows) adapter.entry(narrow, 1);
    // Task 1: cols [[5, 6], [7, 8]] @ rows [[2, 0, 0], [0, 2, 1]] = [[10, 12, 6], [14, 16, 8]].
    assertArrayEquals(new float[] {10, 24, 18, 56, 80, 48}, second.values());
    assertTrue(fault(() -> adapter.entry(narrow)).contains("prompts for 2 tasks"));
    assertTrue(fault(() -> adapter.entry(narrow, 2)).contains("no task 2"));
  }

  @Test
  void adaptersMadeHereHaveTheFilesThatPeftWrites() throws IOException {
    same(
        "p-tuning-llama",
        values -> PTuning.of(new PTuning("MLP", Optional.of(8), 2, 1e-5), BASE, 4, values));
    same("prefix-llama", values -> PrefixTuning.of(BASE, 4, values));
    same("cartridge-llama", values -> Cartridge.of(BASE, 4, 1, values));
    same(
        "cpt-llama",
        values ->
            Cpt.of(
                new Cpt(
                    List.of(5, 6, 7, 8),
                    List.of(1, 1, 1, 1),
                    List.of(1, 2, 3, 4),
                    "decay",
                    0.95,
                    1,
                    0.1,
                    Optional.empty()),
                BASE,
                values));
    same(
        "multitask-llama",
        values -> {
          Adapter fixture = Adapter.open(Fixtures.ADAPTERS.resolve("multitask-llama"));
          return MultitaskPromptTuning.of(
              BASE,
              4,
              3,
              2,
              values,
              fixture.tensor("prefix_task_cols").toFloats(),
              fixture.tensor("prefix_task_rows").toFloats());
        });
  }

  private interface Maker {
    Adapter of(float[] values);
  }

  private void same(String name, Maker maker) throws IOException {
    Path fixture = Fixtures.ADAPTERS.resolve(name);
    maker
        .of(Adapter.open(fixture).tensor("prompt_embeddings").toFloats())
        .save(folder.resolve(name));
    for (String file : new String[] {"adapter_config.json", "adapter_model.safetensors"}) {
      assertEquals(
          -1, Files.mismatch(fixture.resolve(file), folder.resolve(name).resolve(file)), name);
    }
  }

  @Test
  void pTuningBecomesAPromptThatCanBeTrainedOn() {
    Adapter tuned = Adapter.open(Fixtures.ADAPTERS.resolve("p-tuning-llama"));
    Adapter prompt = tuned.asPromptTuning();
    assertEquals("PROMPT_TUNING", prompt.config().method().peftType());
    assertArrayEquals(
        ((AdapterEntry.EmbeddingRows) tuned.entry(LLAMA)).values(),
        ((AdapterEntry.EmbeddingRows) prompt.entry(LLAMA)).values());
    Adapter prefix = Adapter.open(Fixtures.ADAPTERS.resolve("prefix-llama"));
    assertTrue(fault(prefix::asPromptTuning).contains("PREFIX_TUNING"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "cpt-llama|\"CAUSAL_LM\"|\"SEQ_CLS\"|goes with task_type CAUSAL_LM only",
        "cpt-llama|\"cpt_mask\": [|\"cpt_mask\": [1,|must be of one length, found 4, 5, 4",
        "cpt-llama|\"cpt_token_ids\": [|\"cpt_token_ids\": [5,|must be of one length, found 5, 4, 4",
        "cartridge-llama|\"num_frozen_tokens\": 1|\"num_frozen_tokens\": 5|between 0 and num_virtual_tokens",
        "cartridge-llama|\"num_frozen_tokens\": 1|\"num_frozen_tokens\": -1|between 0 and num_virtual_tokens",
        "cartridge-llama|\"num_layers\": 2|\"num_layers\": 3|asks for 96 (2 x num_layers 3 x token_dim 16)",
        "prefix-llama|\"token_dim\": 16|\"token_dim\": 8|asks for 32",
        "prefix-llama|\"prefix_projection\": false|\"prefix_projection\": 0|must be true or false",
        "multitask-llama|\"num_tasks\": 3|\"num_tasks\": 2|asks for [2, 4, 2]",
        "multitask-llama|\"num_ranks\": 2|\"num_ranks\": 0|must be 1 or more",
        "multitask-llama|\"RANDOM\"|\"EXACT_SOURCE_TASK\"|needs prompt_tuning_init_state_dict_path",
        "p-tuning-llama|\"encoder_dropout\": 1e-05|\"encoder_dropout\": \"none\"|must be a number",
      })
  void whatPeftWouldRefuseOrGetWrongIsRefused(String name, String from, String to, String reason)
      throws IOException {
    Path directory = Fixtures.edit(Fixtures.copy(name, folder.resolve("x")), from, to);
    String message = fault(() -> Adapter.open(directory));
    assertTrue(message.contains(reason), message);
    assertTrue(message.startsWith(directory.toString()), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "p-tuning-llama|\"MLP\"|\"GRU\"|cannot train it",
        "prefix-llama|\"init_weights\": null|\"init_weights\": \"ones\"|PEFT ignores it",
        "prefix-llama|\"token_dim\": 16|\"token_dim\": 32|right only for a grouped-query model",
        "cpt-llama|\"decay\"|\"grow\"|takes it for none",
        "prompt-llama|\"RANDOM\"|\"NOISE\"|takes it for RANDOM",
        "prompt-llama|\"CAUSAL_LM\"|null|PEFT ignores the prompt",
      })
  void whatIsMerelyOddIsSaid(String name, String from, String to, String warning)
      throws IOException {
    Path directory = Fixtures.edit(Fixtures.copy(name, folder.resolve("x")), from, to);
    List<String> warnings = Adapter.open(directory).warnings();
    assertEquals(1, warnings.size(), warnings.toString());
    assertTrue(warnings.getFirst().contains(warning), warnings.toString());
  }

  @Test
  void tensorsThatPeftWouldTakeSilentlyAndWronglyAreRefused() throws IOException {
    Path directory = Fixtures.copy("multitask-llama", folder.resolve("multitask"));
    Adapter multitask = Adapter.open(directory);
    write(directory, List.of(multitask.tensor("prompt_embeddings")));
    assertTrue(fault(() -> Adapter.open(directory)).contains("'prefix_task_"), "task factors");
    Path cartridge = Fixtures.copy("cartridge-llama", folder.resolve("cartridge"));
    write(cartridge, List.of(TensorView.of("prompt_embeddings", new float[4], 4, 1)));
    assertTrue(fault(() -> Adapter.open(cartridge)).contains("width 1"), "broadcastable width");
    Path prompt = Fixtures.copy("prompt-llama", folder.resolve("prompt"));
    write(prompt, List.of(TensorView.of("prompt_embeddings", new float[128], 4, 32, 1)));
    assertTrue(fault(() -> Adapter.open(prompt)).contains("[4, 32, 1]"), "three dimensions");
  }

  @Test
  void anEncoderDecoderModelsSecondHalfOfRowsIsStoredAndNotUsed() throws IOException {
    Path directory = Fixtures.copy("prompt-llama", folder.resolve("x"));
    Fixtures.edit(directory, "\"CAUSAL_LM\"", "\"SEQ_2_SEQ_LM\"");
    Fixtures.edit(
        directory, "\"num_transformer_submodules\": 1", "\"num_transformer_submodules\": null");
    assertTrue(fault(() -> Adapter.open(directory)).contains("asks for [8, 32]"));
    float[] rows = new float[8 * 32];
    Arrays.fill(rows, 4 * 32, 8 * 32, 1);
    write(directory, List.of(TensorView.of("prompt_embeddings", rows, 8, 32)));
    var entry = (AdapterEntry.EmbeddingRows) Adapter.open(directory).entry(LLAMA);
    assertArrayEquals(new float[4 * 32], entry.values());
  }

  @Test
  void aTrainedHeadIsCarriedThrough() throws IOException {
    Adapter adapter = Adapter.open(Fixtures.ADAPTERS.resolve("prompt-bert"));
    assertEquals(3, adapter.tensors().size());
    assertEquals(List.of(), adapter.warnings());
    Path directory = Fixtures.copy("prompt-bert", folder.resolve("x"));
    write(directory, List.of(adapter.tensor("prompt_embeddings")));
    List<String> warnings = Adapter.open(directory).warnings();
    assertTrue(warnings.getFirst().contains("no trained head"), warnings.toString());
  }

  private static void write(Path directory, List<TensorView> tensors) {
    SafetensorsWriter.write(
        directory.resolve("adapter_model.safetensors"), tensors, Map.of("format", "pt"));
  }

  private static String fault(Executable executable) {
    return assertThrows(PreambleException.class, executable).getMessage();
  }
}
