package dev.preamble.model;

import java.util.Arrays;
import java.util.Optional;

/**
 * Text that grows token by token. The pieces that {@link #append} gives, joined, are the text of
 * all tokens decoded at once: a token is decoded together with those before it, since tokenizers
 * decide about spaces by context, and bytes that do not make a whole character yet are held back.
 *
 * <p>Of bytes that never make characters, {@code decode} gives replacement characters; a tokenizer
 * that falls back to bytes then gives them for the whole run of bytes, also for characters in it
 * that were whole. Those have been given out here already, and stay.
 */
public final class IncrementalDecoder {
  private static final char INCOMPLETE = '\uFFFD';

  private final TextTokenizer tokenizer;
  private int[] tokens = new int[64];
  private int count;
  private int windowStart;
  private int given;
  private boolean inText;

  /** Decodes with {@code tokenizer}, starting behind nothing. */
  public IncrementalDecoder(TextTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Starts behind {@code context}, whose own text is not given out. */
  public IncrementalDecoder(TextTokenizer tokenizer, int[] context) {
    this(tokenizer);
    int kept = Math.min(context.length, 8);
    for (int i = context.length - kept; i < context.length; i++) {
      push(context[i]);
    }
    given = count;
  }

  /** Whether there is no text before what comes next: tokenizers drop a leading space there. */
  public boolean begins() {
    return decode(windowStart, given).isEmpty();
  }

  /** The text that {@code token} completes, possibly empty. */
  public String append(int token) {
    push(token);
    if (!inText) {
      String piece = decoded();
      inText = !piece.isEmpty();
      return piece;
    }
    Optional<String> known = tokenizer.knownPieces().of(token);
    if (known.isPresent()) {
      giveAll();
      return known.get();
    }
    String piece = decoded();
    inText = !piece.isEmpty();
    if (inText) {
      tokenizer.knownPieces().note(token, piece);
    }
    return piece;
  }

  /** What the tokenizer makes of the tokens that have not been given out, if it is whole. */
  private String decoded() {
    String before = decode(windowStart, given);
    String after = decode(windowStart, count);
    if (after.length() <= before.length() || after.charAt(after.length() - 1) == INCOMPLETE) {
      return "";
    }
    giveAll();
    return after.substring(before.length());
  }

  private void giveAll() {
    windowStart = given;
    given = count;
  }

  /** What is held back still, given out as it stands. */
  public String finish() {
    String before = decode(windowStart, given);
    String after = decode(windowStart, count);
    giveAll();
    return after.length() <= before.length() ? "" : after.substring(before.length());
  }

  private String decode(int from, int to) {
    return tokenizer.decode(Arrays.copyOfRange(tokens, from, to));
  }

  private void push(int token) {
    if (count == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * count);
    }
    tokens[count++] = token;
  }
}
