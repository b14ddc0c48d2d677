package dev.preamble.peft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.oracle.Oracle;
import dev.preamble.safetensors.SafetensorsFile;
import dev.preamble.safetensors.TensorView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Law 2, reading and writing: what Java writes PEFT loads, what PEFT writes Java loads, and the
 * logits agree; for every method on GPT-2, on Llama with grouped queries and on a BERT classifier
 * with its head. Real PEFT answers.
 */
class Law2WhatJavaWritesPeftLoadsTest {
  private static final Path OLD = Path.of("test-fixtures/adapters-old");
  private static final List<String> FILES =
      List.of("adapter_config.json", "adapter_model.safetensors");

  @TempDir Path folder;

  private final Oracle oracle = Oracle.shared();

  @Test
  void whatPeftWritesIsCopiedByteForByteAndAnswersTheSame() throws IOException {
    JsonNode written = oracle.call("write_adapters", Map.of("out", folder)).get("adapters");
    assertEquals(20, written.size());
    for (JsonNode adapter : written) {
      Path source = folder.resolve("adapters").resolve(adapter.get("name").asText());
      Path copy = folder.resolve("copies").resolve(source.getFileName());
      Adapter.open(source).save(copy);
      for (String file : FILES) {
        assertEquals(-1, Files.mismatch(source.resolve(file), copy.resolve(file)), copy.toString());
      }
      String kind = adapter.get("kind").asText();
      assertArrayEquals(peft(kind, source, false), peft(kind, copy, false), source.toString());
    }
  }

  @ParameterizedTest
  @CsvSource({"gpt2, 4", "llama, 2", "bert, 4"})
  void anAdapterMadeFromValuesAnswersAsTheValuesDoByHand(String kind, int keyValueHeads)
      throws IOException {
    BaseModel base =
        new BaseModel("tiny-random/" + kind, new ModelShape(32, 2, 4, keyValueHeads, 8));
    for (Adapter adapter : made(base, kind.equals("bert"))) {
      Path directory = folder.resolve(adapter.config().method().peftType());
      adapter.save(directory);
      float[] expected = logits("reference_logits", Map.of("kind", kind, "adapter", directory));
      float[] found = peft(kind, directory, false);
      assertArrayEquals(expected, found, 1e-5f, directory.toString());
      assertTrue(expected.length > 2);
    }
  }

  @Test
  void oldAdaptersAnswerInPeftAsTheirCopiesDo() throws IOException {
    List<Path> old;
    try (var walk = Files.walk(OLD, 2)) {
      old =
          walk.filter(path -> Files.exists(path.resolve("adapter_config.json"))).sorted().toList();
    }
    int compared = 0;
    for (Path source : old) {
      int release = Integer.parseInt(source.getParent().getFileName().toString().split("\\.")[1]);
      boolean refusedByPeft = source.endsWith("prefix-llama") && release < 12;
      if (!refusedByPeft) {
        Path copy = folder.resolve(OLD.relativize(source).toString());
        Adapter.open(source).save(copy);
        String name = source.getFileName().toString();
        String kind = name.substring(name.lastIndexOf('-') + 1);
        assertArrayEquals(peft(kind, source, true), peft(kind, copy, true), source.toString());
        compared++;
      }
    }
    assertTrue(compared > 40, "only " + compared + " compared");
  }

  @Test
  void anOldConfigurationIsWrittenAsPeftsLastReleaseWritesIt() throws IOException {
    for (String release : new String[] {"0.2.0", "0.6.2", "0.11.1", "0.18.1", "0.20.0"}) {
      for (String name :
          new String[] {"prompt-gpt2", "p-tuning-gpt2", "prefix-llama", "prompt-bert"}) {
        Path source = OLD.resolve(release).resolve(name);
        Path java = folder.resolve("java").resolve(release).resolve(name);
        Path python = folder.resolve("python").resolve(release).resolve(name);
        Adapter.open(source).save(java);
        oracle.call("resave_config", Map.of("adapter", source, "out", python));
        assertEquals(
            Files.readString(python.resolve("adapter_config.json")),
            Files.readString(java.resolve("adapter_config.json")));
      }
    }
  }

  /** One adapter of each method that the model takes, of random values. */
  private static List<Adapter> made(BaseModel base, boolean classifier) {
    Random random = new Random(7);
    int prefix = 2 * base.shape().layers() * base.shape().keyValueWidth();
    List<Adapter> adapters = new ArrayList<>();
    adapters.add(PromptTuning.of(base, 3, gaussian(random, 3 * 32)));
    adapters.add(PTuning.of(PTuning.mlp(8), base, 3, gaussian(random, 3 * 32)));
    adapters.add(PrefixTuning.of(base, 3, gaussian(random, 3 * prefix)));
    adapters.add(Cartridge.of(base, 3, 1, gaussian(random, 3 * prefix)));
    adapters.add(
        MultitaskPromptTuning.of(
            base,
            3,
            2,
            2,
            gaussian(random, 3 * 32),
            gaussian(random, 2 * 3 * 2),
            gaussian(random, 2 * 2 * 32)));
    if (!classifier) {
      Cpt cpt = Cpt.of(List.of(4, 5, 6), List.of(1, 2, 4));
      adapters.add(Cpt.of(cpt, base, gaussian(random, 3 * 32)));
      return adapters;
    }
    List<TensorView> head =
        List.of(
            TensorView.of("base_model.classifier.weight", gaussian(random, 3 * 32), 3, 32),
            TensorView.of("base_model.classifier.bias", gaussian(random, 3), 3));
    return adapters.stream()
        .map(
            adapter -> {
              List<TensorView> tensors = new ArrayList<>(adapter.tensors());
              tensors.addAll(head);
              return Adapter.of(
                  adapter.config().withTask(TaskType.SEQ_CLS, List.of("classifier")), tensors);
            })
        .toList();
  }

  private static float[] gaussian(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian() / 2;
    }
    return values;
  }

  private float[] peft(String kind, Path adapter, boolean old) throws IOException {
    return logits("adapter_logits", Map.of("kind", kind, "adapter", adapter, "old", old));
  }

  private float[] logits(String command, Map<String, ?> arguments) throws IOException {
    Path out = Files.createTempFile(folder, "logits", ".safetensors");
    Map<String, Object> all = new HashMap<>(arguments);
    all.put("out", out);
    oracle.call(command, all);
    try (SafetensorsFile file = SafetensorsFile.open(out)) {
      return file.tensor("logits").toFloats();
    }
  }
}
