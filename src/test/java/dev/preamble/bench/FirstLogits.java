package dev.preamble.bench;

import dev.preamble.model.CachedSequence;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.KeyValueCache;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * A process that opens a model and computes first logits. Arguments: MODEL ID…. It prints the same
 * as {@code preamble_oracle.opening} does in Python, the seconds counted from its first
 * instruction.
 */
final class FirstLogits {
  private FirstLogits() {}

  public static void main(String[] arguments) {
    long began = System.nanoTime();
    int[] ids = Arrays.stream(arguments).skip(1).mapToInt(Integer::parseInt).toArray();
    try (FrozenModel model = FrozenModel.open(Path.of(arguments[0]));
        Session session = model.session(model.graph(), SessionOptions.defaults());
        KeyValueCache cache = new KeyValueCache(model.manifest(), ids.length);
        CachedSequence sequence = model.sequence(session, cache)) {
      MemorySegment logits = sequence.advance(ids);
      int best = 0;
      for (int token = 1; token < model.manifest().vocabularySize(); token++) {
        if (logits.getAtIndex(ValueLayout.JAVA_FLOAT, token)
            > logits.getAtIndex(ValueLayout.JAVA_FLOAT, best)) {
          best = token;
        }
      }
      double seconds = (System.nanoTime() - began) / 1e9;
      System.out.printf(Locale.ROOT, "{\"seconds\": %.4f, \"token\": %d}%n", seconds, best);
    }
  }
}
