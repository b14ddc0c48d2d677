package dev.preamble.generation;

import dev.preamble.model.IncrementalDecoder;
import dev.preamble.model.TextTokenizer;
import java.util.List;
import java.util.Optional;

/**
 * The text of tokens as they come, behind a prompt and up to a stop text. Without a tokenizer there
 * is no text: every piece is empty.
 */
final class TextStream {
  private final Optional<IncrementalDecoder> decoder;
  private final StopStrings stops;
  private int unstoppable;

  /**
   * @param unstoppable tokens in whose text no stop text is looked for
   */
  TextStream(Optional<TextTokenizer> tokenizer, int[] prompt, List<String> stops, int unstoppable) {
    this.decoder = tokenizer.map(used -> new IncrementalDecoder(used, prompt));
    this.stops = new StopStrings(stops);
    this.unstoppable = unstoppable;
  }

  /** Whether nothing but special tokens precedes the first token. */
  boolean begins() {
    return decoder.map(IncrementalDecoder::begins).orElse(false);
  }

  /** What {@code token} makes certain of the text. */
  String append(int token) {
    String piece = decoder.map(used -> used.append(token)).orElse("");
    if (unstoppable > 0) {
      unstoppable--;
      return piece;
    }
    return stops.append(piece);
  }

  /** Whether a stop text has come. */
  boolean stopped() {
    return stops.reached();
  }

  /** What was held back, when no token follows. */
  String finish() {
    String rest = stops.append(decoder.map(IncrementalDecoder::finish).orElse(""));
    return rest + stops.finish();
  }
}
