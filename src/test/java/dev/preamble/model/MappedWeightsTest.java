package dev.preamble.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.preamble.onnx.Constant;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphReader;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights stay in their files, wherever these lie; only what had to be widened is in memory. */
class MappedWeightsTest {
  private static final Path FLOAT32 = Path.of("test-fixtures/stories260K");
  private static final Path FLOAT16 = Path.of("test-fixtures/stories15M");

  @TempDir Path folder;

  @Test
  void onlyWidenedWeightsAreHandedOver() {
    assertEquals(Set.of(), handedOver(FLOAT32, false));
    Set<String> widened = handedOver(FLOAT16, false);
    assertFalse(widened.isEmpty());
    assertEquals(handedOver(FLOAT16, true), widened);
  }

  /** The weights in memory; or all that do not stand in the graph itself. */
  private static Set<String> handedOver(Path model, boolean all) {
    Manifest manifest = Manifest.read(model);
    try (MappedWeights weights = MappedWeights.map(model, manifest)) {
      Graph graph = weights.bind(GraphReader.read(model.resolve(manifest.graph())));
      Stream<String> external =
          graph.constants().values().stream()
              .filter(constant -> constant.data() instanceof Constant.External)
              .map(Constant::name);
      return all
          ? external.collect(Collectors.toSet())
          : Set.copyOf(weights.inMemory(graph).keySet());
    }
  }

  @Test
  void aModelOfTheHubsCacheRunsOverItsLinks() throws IOException {
    Path snapshot = folder.resolve("models--a--b/snapshots/0123");
    Path blobs = Files.createDirectories(folder.resolve("models--a--b/blobs"));
    Files.createDirectories(snapshot);
    try (Stream<Path> files = Files.list(FLOAT32)) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        if (name.startsWith("preamble.")) {
          Files.copy(file, snapshot.resolve(name));
        } else {
          Files.copy(file, blobs.resolve(name + ".blob"));
          Files.createSymbolicLink(
              snapshot.resolve(name), Path.of("../../blobs").resolve(name + ".blob"));
        }
      }
    }
    assertArrayEquals(logits(FLOAT32), logits(snapshot));
    Path link = Files.createSymbolicLink(folder.resolve("link"), snapshot);
    assertArrayEquals(logits(FLOAT32), logits(link));
  }

  private static float[] logits(Path model) {
    try (FrozenModel opened = FrozenModel.open(model);
        Session session = opened.session(opened.graph(), SessionOptions.defaults());
        KeyValueCache cache = new KeyValueCache(opened.manifest(), 3);
        CachedSequence sequence = opened.sequence(session, cache)) {
      return sequence.advance(1, 403, 407).toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  @Test
  void theFolderIsTheDeepestThatHoldsAllFiles() throws IOException {
    Path model = Files.createDirectories(folder.resolve("a/model"));
    Path other = Files.createDirectories(folder.resolve("a/other"));
    Files.createFile(model.resolve("near"));
    assertEquals(
        new WeightPlaces(model.toRealPath(), Map.of("near", "near")),
        WeightPlaces.of(model, List.of("near")));
    Files.createFile(other.resolve("blob"));
    Files.createSymbolicLink(model.resolve("far"), other.resolve("blob"));
    assertEquals(
        new WeightPlaces(
            folder.resolve("a").toRealPath(), Map.of("near", "model/near", "far", "other/blob")),
        WeightPlaces.of(model, List.of("near", "far")));
    assertThrows(ModelException.class, () -> WeightPlaces.of(model, List.of("gone")));
  }
}
