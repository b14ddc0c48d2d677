package dev.preamble.model;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.preamble.CacheFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * A Hugging Face tokenizer read from its {@code tokenizer.json}: text to token ids and back. May be
 * used by several threads at once.
 */
public final class TextTokenizer implements AutoCloseable {
  private final HuggingFaceTokenizer tokenizer;
  private final KnownPieces knownPieces;

  private TextTokenizer(HuggingFaceTokenizer tokenizer, boolean decodesEachTokenAlone) {
    this.tokenizer = tokenizer;
    this.knownPieces = new KnownPieces(decodesEachTokenAlone);
  }

  /**
   * Reads {@code file}. Nothing is fetched from anywhere.
   *
   * @throws ModelException if it is missing or not a tokenizer
   */
  public static TextTokenizer open(Path file) {
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("DJL_CACHE_DIR", CacheFolder.current().resolve("djl").toString());
    try {
      return new TextTokenizer(
          HuggingFaceTokenizer.newInstance(
              file, Map.of("truncation", "do_not_truncate", "padding", "do_not_pad")),
          TokenDecoding.isEachTokenAlone(file));
    } catch (IOException | RuntimeException fault) {
      throw new ModelException(
          file + ": expected a Hugging Face tokenizer.json: " + fault.getMessage(), fault);
    }
  }

  /**
   * The token ids of {@code text}.
   *
   * @param specialTokens whether the tokenizer adds what it puts around a text, such as BOS
   */
  public int[] encode(String text, boolean specialTokens) {
    Encoding encoding = tokenizer.encode(text, specialTokens, false);
    return Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray();
  }

  /** The text of {@code tokens}, special tokens left out. */
  public String decode(int... tokens) {
    return decode(true, tokens);
  }

  /** The text of {@code tokens}. */
  public String decode(boolean skipSpecialTokens, int... tokens) {
    long[] ids = LongStream.range(0, tokens.length).map(i -> tokens[(int) i]).toArray();
    return tokenizer.decode(ids, skipSpecialTokens);
  }

  /**
   * Each token's share of the text of all of them, in order; a special token's is its name. A
   * character of several tokens stands with the last of them.
   */
  public List<String> pieces(int... tokens) {
    List<String> pieces = new ArrayList<>();
    IncrementalDecoder decoder = new IncrementalDecoder(this);
    for (int token : tokens) {
      String piece = decoder.append(token);
      pieces.add(piece.isEmpty() ? decode(false, token) : piece);
    }
    return pieces;
  }

  /** What single tokens are known to add to a text. */
  KnownPieces knownPieces() {
    return knownPieces;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
