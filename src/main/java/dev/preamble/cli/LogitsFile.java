package dev.preamble.cli;

import dev.preamble.generation.FittedAdapter;
import dev.preamble.generation.Score;
import dev.preamble.generation.Scorer;
import dev.preamble.model.FrozenModel;
import dev.preamble.safetensors.Dtype;
import dev.preamble.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A safetensors file of a text's {@code logits}, float32 [tokens, vocabulary]; each row goes to the
 * file as soon as it is computed.
 */
final class LogitsFile {
  private final Path file;
  private final int vocabulary;

  LogitsFile(Path file, FrozenModel model) {
    this.file = file;
    this.vocabulary = model.manifest().vocabularySize();
  }

  /** Scores {@code tokens} under {@code adapter} and writes the file. */
  Score score(Scorer scorer, int[] tokens, Optional<FittedAdapter> adapter) {
    List<Score> result = new ArrayList<>(1);
    SafetensorsWriter.write(
        file,
        "logits",
        Dtype.F32,
        List.of((long) tokens.length, (long) vocabulary),
        Map.of("format", "pt"),
        channel -> result.add(score(scorer, tokens, adapter, channel)));
    return result.getFirst();
  }

  private Score score(
      Scorer scorer, int[] tokens, Optional<FittedAdapter> adapter, FileChannel channel)
      throws IOException {
    ByteBuffer row = ByteBuffer.allocate(4 * vocabulary).order(ByteOrder.LITTLE_ENDIAN);
    try {
      return scorer.score(
          tokens,
          adapter,
          (position, logits) -> {
            row.clear().asFloatBuffer().put(logits);
            write(channel, row);
          });
    } catch (UncheckedIOException fault) {
      throw fault.getCause();
    }
  }

  private static void write(FileChannel channel, ByteBuffer row) {
    try {
      while (row.hasRemaining()) {
        channel.write(row);
      }
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }
}
