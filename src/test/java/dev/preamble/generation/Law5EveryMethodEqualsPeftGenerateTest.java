package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.oracle.TinyModels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Law 5: greedy tokens under adapters that PEFT wrote, of every method, are those of PEFT's
 * generate. All rows of a model run in one batch here and one by one there.
 */
class Law5EveryMethodEqualsPeftGenerateTest {
  private static final int TOKENS = 24;

  /**
   * Tokens of the text, so few that the adapter stands in every window of the last of them: behind
   * a longer text the tiny Gemmas say much the same under every adapter.
   */
  private static final int LENGTH = 5;

  private static final double SCALE = 1;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2", "qwen3", "gemma3", "gemma2", "stories15M"})
  void inOneMixedBatch(String name) {
    Path path =
        name.startsWith("stories") ? Path.of("test-fixtures", name) : TinyModels.exported(name);
    EngineOptions options = EngineOptions.defaults().withThreads(1);
    Set<List<Integer>> different = new HashSet<>();
    try (FrozenModel model = FrozenModel.open(path);
        Engine engine = BatchingEngine.open(model, options)) {
      List<PeftCase> cases = PeftCase.all(model, PeftCase.METHODS, folder, LENGTH, SCALE);
      List<Generation> rows = new ArrayList<>();
      for (PeftCase each : cases) {
        rows.add(
            engine.submit(
                GenerationRequest.of(each.tokens())
                    .withAdapter(each.adapter())
                    .withMaxTokens(TOKENS)));
      }
      for (int i = 0; i < cases.size(); i++) {
        List<Integer> found = Stories.ids(List.of(rows.get(i).await())).getFirst();
        assertEquals(expected(path, cases.get(i)), found, cases.get(i).method());
        different.add(found);
      }
      EngineInvariants.check(engine, options);
    }
    assertTrue(different.size() > 4, () -> "the adapters change little: " + different);
    System.out.printf(
        "[law 5] %s: greedy tokens equal PEFT's generate for the base and all of %s, %d texts of %d different%n",
        name, PeftCase.METHODS, different.size(), PeftCase.METHODS.size() + 1);
  }

  private List<Integer> expected(Path model, PeftCase given) {
    Map<String, Object> question =
        new HashMap<>(
            Map.of(
                "model", model.toString(), "token_ids", given.tokens(), "max_new_tokens", TOKENS));
    if (given.adapter().isPresent()) {
      question.put("adapter", folder.resolve(given.method()).toString());
    }
    if (given.method().equals("multitask")) {
      question.put("task_id", PeftCase.TASK);
    }
    List<Integer> ids = new ArrayList<>();
    for (JsonNode id : Oracle.shared().call("generate", question).get("token_ids")) {
      ids.add(id.intValue());
    }
    return ids;
  }
}
