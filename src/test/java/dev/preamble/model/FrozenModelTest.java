package dev.preamble.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.runtime.Device;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an exported model's folder gives, and what it refuses. */
class FrozenModelTest {
  private static final Path STORIES_15M = Path.of("test-fixtures/stories15M");
  private static final Path STORIES_260K = Path.of("test-fixtures/stories260K");
  private static final SessionOptions OPTIONS = SessionOptions.defaults().withThreads(2);

  @Test
  void tellsAStoryOneTokenAtATime() {
    try (FrozenModel model = FrozenModel.open(STORIES_15M);
        Session session = model.session(model.graph(), OPTIONS);
        KeyValueCache cache = new KeyValueCache(model.manifest(), 32);
        CachedSequence sequence = model.sequence(session, cache)) {
      int[] prompt = model.tokenizer().encode("Once upon a time", true);
      assertEquals(1, prompt[0], "the tokenizer puts BOS first");
      int next = best(sequence.advance(prompt));
      IncrementalDecoder decoder = new IncrementalDecoder(model.tokenizer(), prompt);
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 12; i++) {
        text.append(decoder.append(next));
        next = best(sequence.advance(next));
      }
      text.append(decoder.finish());
      assertEquals(", there was a little girl named Lily. She loved", text.toString());
    }
  }

  @Test
  void cachedDecodingEqualsOneFullPass() {
    try (FrozenModel model = FrozenModel.open(STORIES_260K);
        Session session = model.session(model.graph(), OPTIONS)) {
      int[] tokens = {1, 403, 407, 261, 378, 31, 77, 90};
      int vocabulary = model.manifest().vocabularySize();
      try (KeyValueCache whole = new KeyValueCache(model.manifest(), tokens.length);
          KeyValueCache stepwise = new KeyValueCache(model.manifest(), 64);
          CachedSequence once = model.sequence(session, whole);
          CachedSequence steps = model.sequence(session, stepwise)) {
        MemorySegment all = once.advanceWithAllLogits(tokens);
        for (int i = 0; i < tokens.length; i++) {
          float[] expected =
              all.asSlice(4L * i * vocabulary, 4L * vocabulary).toArray(ValueLayout.JAVA_FLOAT);
          float[] found = steps.advance(tokens[i]).toArray(ValueLayout.JAVA_FLOAT);
          assertArrayEquals(expected, found, 1e-4f);
        }
        KeyValueCache copied = new KeyValueCache(model.manifest(), 16);
        copied.copyFrom(whole);
        assertEquals(tokens.length, copied.length());
        try (CachedSequence continued = model.sequence(session, copied)) {
          assertArrayEquals(
              steps.advance(5).toArray(ValueLayout.JAVA_FLOAT),
              continued.advance(5).toArray(ValueLayout.JAVA_FLOAT),
              1e-4f);
        }
        copied.close();
      }
    }
  }

  @Test
  void float32AttentionIsRefusedOnCudaWithWhatToDo() {
    try (FrozenModel model = FrozenModel.open(STORIES_260K, Device.cuda(0))) {
      ModelException refused =
          assertThrows(ModelException.class, () -> model.session(model.graph(), OPTIONS));
      assertTrue(refused.getMessage().contains("use the device cpu"), refused.getMessage());
    }
  }

  @Test
  void incrementalTextEqualsTheWhole() {
    try (FrozenModel model = FrozenModel.open(STORIES_15M)) {
      TextTokenizer tokenizer = model.tokenizer();
      for (String text : new String[] {"Tom's  café — naïve 日本 🙂 ok?\n\tyes", " a", "x"}) {
        int[] tokens = tokenizer.encode(text, false);
        IncrementalDecoder decoder = new IncrementalDecoder(tokenizer);
        StringBuilder pieces = new StringBuilder();
        for (int token : tokens) {
          pieces.append(decoder.append(token));
        }
        pieces.append(decoder.finish());
        assertEquals(tokenizer.decode(tokens), pieces.toString());
      }
    }
  }

  @Test
  void refusesWhatIsNoExportedModel(@TempDir Path folder) throws IOException {
    assertFault(folder.resolve("none"), "found nothing");
    assertFault(folder, "found no preamble.json");
    copy(STORIES_260K, folder);
    Path weights = folder.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    Files.write(weights, java.util.Arrays.copyOf(bytes, bytes.length - 7));
    assertFault(folder, "found 1,044,985");
    Files.write(weights, bytes);
    Path graph = folder.resolve("preamble.onnx");
    byte[] whole = Files.readAllBytes(graph);
    Files.write(graph, java.util.Arrays.copyOf(whole, whole.length / 2));
    assertFault(folder, "expected an ONNX model");
    Files.write(graph, whole);
    Path manifest = folder.resolve("preamble.json");
    String text = Files.readString(manifest);
    Files.writeString(manifest, text.replace("\"format_version\": 1", "\"format_version\": 99"));
    assertFault(folder, "field format_version: expected 1, found 99");
    Files.writeString(manifest, text.replace("\"hidden_size\": 64", "\"hidden_size\": 65"));
    assertFault(folder, "the manifest says");
  }

  private static void assertFault(Path folder, String part) {
    PreambleException fault = assertThrows(PreambleException.class, () -> FrozenModel.open(folder));
    assertTrue(fault.getMessage().contains(part), fault.getMessage());
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  private static int best(MemorySegment logits) {
    int best = 0;
    for (int i = 1; i < logits.byteSize() / 4; i++) {
      if (logits.getAtIndex(ValueLayout.JAVA_FLOAT, i)
          > logits.getAtIndex(ValueLayout.JAVA_FLOAT, best)) {
        best = i;
      }
    }
    return best;
  }
}
