package dev.preamble.generation;

import dev.preamble.model.FrozenModel;
import dev.preamble.model.Manifest;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.BaseModel;
import dev.preamble.peft.ModelShape;
import dev.preamble.peft.PromptTuning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** The two story models and prompts for them. */
public final class Stories {
  /** 260,000 parameters, 512 tokens, context 512. */
  public static final Path SMALL = Path.of("test-fixtures/stories260K");

  /** 15 million parameters, 32,000 tokens, context 256. */
  public static final Path LARGE = Path.of("test-fixtures/stories15M");

  private Stories() {}

  /** An adapter of {@code count} rows drawn by {@code seed}, large enough to change the text. */
  public static Adapter adapter(FrozenModel model, int count, long seed) {
    Manifest manifest = model.manifest();
    Random random = new Random(seed);
    int[] tokens = random.ints(count, 3, manifest.vocabularySize()).toArray();
    float[] rows = model.embeddings().rows(tokens);
    for (int i = 0; i < rows.length; i++) {
      rows[i] += (float) (0.5 * random.nextGaussian());
    }
    Manifest.KeyValue cache = manifest.keyValue().getFirst();
    ModelShape shape =
        new ModelShape(
            manifest.hiddenSize(),
            manifest.layers(),
            manifest.attentionHeads(),
            cache.heads(),
            cache.headSize());
    return PromptTuning.of(new BaseModel(manifest.baseModel().name(), shape), count, rows);
  }

  static FittedAdapter fitted(FrozenModel model, int count, long seed) {
    return FittedAdapter.fit(adapter(model, count, seed), model);
  }

  static int[] tokens(FrozenModel model, String text) {
    return model.tokenizer().encode(text, true);
  }

  /** A copy of the small model whose manifest has {@code from} replaced. */
  public static Path changedManifest(Path target, String from, String to) throws IOException {
    Files.createDirectories(target);
    try (Stream<Path> files = Files.list(SMALL)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.copy(file, target.resolve(file.getFileName()));
      }
    }
    Path manifest = target.resolve(Manifest.FILE);
    String text = Files.readString(manifest).replaceAll("\\s+", " ");
    if (!text.contains(from)) {
      throw new IllegalArgumentException(from + " does not stand in " + text);
    }
    Files.writeString(manifest, text.replace(from, to));
    return target;
  }

  /** What several answers say, to be compared. */
  static List<List<Integer>> ids(List<GenerationResult> results) {
    return results.stream()
        .map(result -> result.tokens().stream().map(GeneratedToken::id).toList())
        .toList();
  }
}
