package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.oracle.TinyModels;
import dev.preamble.peft.Adapter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A longrope model, made for 40 positions of its 64: transformers rotates all keys of a text by
 * other factors once it is longer than 40, which keys in a cache cannot be. It is served to its
 * 40th position as exported by default, to its 64th as exported with {@code --long-context}, and
 * never past where it would say something else than transformers.
 */
class LongContextTest {
  private static final int MADE_FOR = 40;
  private static final int ALL = 64;
  private static final int VIRTUAL_TOKENS = 9;

  @TempDir Path folder;

  @Test
  void shortTextsEqualTransformersAndLongerOnesAreRefused() {
    Path exported = TinyModels.exported("phi3-long");
    try (FrozenModel model = FrozenModel.open(exported);
        Engine engine = BatchingEngine.open(model, EngineOptions.defaults())) {
      Optional<Path> adapter = adapter(model);
      compare(exported, model, engine, Optional.empty(), 15, MADE_FOR - 15);
      compare(exported, model, engine, adapter, 15, MADE_FOR - 15 - VIRTUAL_TOKENS);
      GenerationRequest longer =
          GenerationRequest.of(tokens(15)).withAdapter(fitted(model, adapter));
      RequestException refused =
          assertThrows(
              RequestException.class,
              () -> engine.submit(longer.withMaxTokens(MADE_FOR - 14 - VIRTUAL_TOKENS)));
      assertTrue(refused.getMessage().contains("40 positions"), refused.getMessage());
    }
  }

  @Test
  void longTextsEqualTransformersWhereTheModelIsExportedForThem() {
    Path exported = TinyModels.exported("phi3-long", "--long-context");
    try (FrozenModel model = FrozenModel.open(exported);
        Engine engine = BatchingEngine.open(model, EngineOptions.defaults())) {
      compare(exported, model, engine, Optional.empty(), MADE_FOR + 2, ALL - MADE_FOR - 2);
      compare(exported, model, engine, adapter(model), MADE_FOR - 5, ALL - MADE_FOR - 4);
    }
  }

  /** {@code most} greedy tokens behind a prompt, which may end with the text. */
  private static void compare(
      Path exported,
      FrozenModel model,
      Engine engine,
      Optional<Path> adapter,
      int length,
      int most) {
    int[] prompt = tokens(length);
    GenerationRequest request =
        GenerationRequest.of(prompt).withMaxTokens(most).withAdapter(fitted(model, adapter));
    List<Integer> found = Stories.ids(List.of(engine.submit(request).await())).getFirst();
    Map<String, Object> question =
        new HashMap<>(
            Map.of("model", exported.toString(), "token_ids", prompt, "max_new_tokens", most));
    adapter.ifPresent(place -> question.put("adapter", place.toString()));
    List<Integer> expected = new ArrayList<>();
    for (JsonNode id : Oracle.shared().call("generate", question).get("token_ids")) {
      expected.add(id.intValue());
    }
    assertEquals(expected, found);
    assertTrue(found.size() > 5, () -> "too short to tell: " + found);
  }

  private Optional<Path> adapter(FrozenModel model) {
    Path place = folder.resolve("adapter");
    Stories.adapter(model, VIRTUAL_TOKENS, 3).save(place);
    return Optional.of(place);
  }

  private static Optional<FittedAdapter> fitted(FrozenModel model, Optional<Path> adapter) {
    return adapter.map(place -> FittedAdapter.fit(Adapter.open(place), model));
  }

  private static int[] tokens(int count) {
    return new Random(8).ints(count, 3, 101).toArray();
  }
}
