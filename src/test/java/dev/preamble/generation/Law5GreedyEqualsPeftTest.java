package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.peft.Adapter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Law 5: greedy output equals that of PEFT's generate, with a prompt that PEFT trained. */
class Law5GreedyEqualsPeftTest {
  private static final List<String> PROMPTS = List.of("The robot", "Once upon a time", "");

  @TempDir static Path folder;

  @Test
  void greedyTextUnderATrainedPromptEqualsPefts() {
    compare(
        Stories.LARGE,
        Optional.of(PeftPrompt.train(Stories.LARGE, folder.resolve("large"), 20, 12)),
        PROMPTS,
        24);
  }

  @Test
  void greedyTextUnderATrainedPromptEqualsPeftsWithGroupedQueries() {
    compare(
        Stories.SMALL,
        Optional.of(PeftPrompt.train(Stories.SMALL, folder.resolve("small"), 9, 12)),
        PROMPTS,
        40);
  }

  @Test
  void greedyTextOfTheBaseEqualsTransformersToTheContextsEnd() {
    compare(Stories.LARGE, Optional.empty(), List.of(""), 0);
  }

  /**
   * @param most tokens to compare, 0 for as many as the context holds
   */
  private static void compare(Path folder, Optional<Path> adapter, List<String> prompts, int most) {
    try (FrozenModel model = FrozenModel.open(folder);
        Engine engine = BatchingEngine.open(model, EngineOptions.defaults())) {
      Optional<FittedAdapter> fitted =
          adapter.map(place -> FittedAdapter.fit(Adapter.open(place), model));
      for (String prompt : prompts) {
        int[] tokens = Stories.tokens(model, prompt);
        int count = most == 0 ? model.manifest().contextLength() - tokens.length : most;
        GenerationRequest plain = GenerationRequest.of(tokens).withMaxTokens(count);
        List<Integer> found =
            Stories.ids(List.of(engine.submit(plain.withAdapter(fitted)).await())).getFirst();
        assertEquals(expected(folder, adapter, tokens, count), found, "after '" + prompt + "'");
        if (fitted.isPresent()) {
          List<Integer> base = Stories.ids(List.of(engine.submit(plain).await())).getFirst();
          assertNotEquals(base, found, "the adapter changes nothing after '" + prompt + "'");
        }
      }
    }
  }

  private static List<Integer> expected(
      Path folder, Optional<Path> adapter, int[] tokens, int count) {
    Map<String, Object> question =
        new HashMap<>(
            Map.of("model", folder.toString(), "token_ids", tokens, "max_new_tokens", count));
    adapter.ifPresent(place -> question.put("adapter", place.toString()));
    List<Integer> ids = new ArrayList<>();
    for (JsonNode id : Oracle.shared().call("generate", question).get("token_ids")) {
      ids.add(id.intValue());
    }
    return ids;
  }
}
