package dev.preamble.generation.sampling;

/**
 * What a text must be, as the tokens that may come at each place. Compiled once for a vocabulary;
 * may be used by several threads and any number of rows.
 */
public interface Constraint {
  /**
   * The state of a row that begins.
   *
   * @param textBegins whether nothing but special tokens precedes the first token, so that a
   *     tokenizer which drops a leading space drops that token's
   */
  State start(boolean textBegins);

  /** One row's place in the text. Used by one thread. */
  interface State {
    /**
     * The tokens that may come now, a bit each: token t is bit t % 64 of element t / 64. Not to be
     * changed. End tokens are not among them: see {@link #complete}.
     */
    long[] allowed();

    /** Whether the text may end here. */
    boolean complete();

    /** Whether no token may follow: the text ends here without an end token. */
    boolean exhausted();

    /** Moves behind {@code token}, which is one of {@link #allowed}. */
    void accept(int token);
  }
}
