package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import dev.preamble.peft.Adapter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;

/**
 * A text under an adapter that real PEFT wrote, or under none, and what PEFT gives for it,
 * computing in float32.
 *
 * @param method which method the adapter is of, {@code base} for none
 * @param tokens the text
 * @param adapter the adapter, fitted to the model
 * @param logits PEFT's
 */
record PeftCase(String method, int[] tokens, Optional<FittedAdapter> adapter, PeftLogits logits) {
  /** Every method, as the oracle names them. */
  static final List<String> METHODS =
      List.of("prompt-tuning", "p-tuning", "prefix-tuning", "multitask", "cpt", "cartridge");

  /** The methods that enter a model as keys and values. */
  static final List<String> PREFIXES = List.of("prefix-tuning", "cartridge");

  private static final int VIRTUAL_TOKENS = 9;
  private static final int TOKENS = 20;
  private static final double SCALE = 0.3;
  static final int TASK = 1;

  /** The base and each of {@code methods}; PEFT leaves its files in {@code folder}. */
  static List<PeftCase> all(FrozenModel model, List<String> methods, Path folder) {
    return all(model, methods, folder, TOKENS, SCALE);
  }

  /**
   * As {@link #all(FrozenModel, List, Path)}.
   *
   * @param length tokens of the text
   * @param scale what the noise in an adapter's parameters is multiplied with
   */
  static List<PeftCase> all(
      FrozenModel model, List<String> methods, Path folder, int length, double scale) {
    int[] tokens = new Random(3).ints(length, 3, model.manifest().vocabularySize()).toArray();
    Oracle.shared()
        .call(
            "parity",
            Map.of(
                "model", model.folder(),
                "token_ids", tokens,
                "virtual_tokens", VIRTUAL_TOKENS,
                "task_id", TASK,
                "methods", methods,
                "scale", scale,
                "out", folder));
    List<PeftCase> cases = new ArrayList<>();
    PeftLogits base = PeftLogits.read(folder.resolve("base.safetensors"));
    cases.add(new PeftCase("base", tokens, Optional.empty(), base));
    for (String method : methods) {
      Adapter adapter = Adapter.open(folder.resolve(method));
      OptionalInt task = adapter.tasks() > 1 ? OptionalInt.of(TASK) : OptionalInt.empty();
      FittedAdapter fitted = FittedAdapter.fit(adapter, model, task);
      assertEquals(VIRTUAL_TOKENS, fitted.virtualTokens());
      PeftLogits logits = PeftLogits.read(folder.resolve(method + ".safetensors"));
      cases.add(new PeftCase(method, tokens, Optional.of(fitted), logits));
    }
    return cases;
  }
}
