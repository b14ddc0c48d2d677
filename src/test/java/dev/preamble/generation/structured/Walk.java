package dev.preamble.generation.structured;

import dev.preamble.generation.sampling.Constraint;
import dev.preamble.model.TokenBytes;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.Optional;
import java.util.Random;

/** A text written by drawing evenly among the tokens that may come: a model of no sense at all. */
final class Walk {
  private Walk() {}

  /** The text, unless it has not ended after {@code most} tokens. */
  static Optional<String> text(Constraint constraint, TokenBytes bytes, Random random, int most) {
    Constraint.State state = constraint.start(false);
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    for (int step = 0; step < most; step++) {
      int[] allowed = BitSet.valueOf(state.allowed()).stream().toArray();
      if (state.exhausted() || state.complete() && random.nextInt(4) == 0) {
        return Optional.of(decoded(text));
      }
      if (allowed.length == 0) {
        throw new AssertionError("a dead end behind " + text);
      }
      int token = allowed[random.nextInt(allowed.length)];
      state.accept(token);
      text.writeBytes(bytes.of(token));
    }
    return Optional.empty();
  }

  private static String decoded(ByteArrayOutputStream bytes) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.toByteArray()))
          .toString();
    } catch (CharacterCodingException fault) {
      throw new AssertionError("no UTF-8: " + bytes, fault);
    }
  }
}
