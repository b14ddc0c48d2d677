package dev.preamble.model.chat;

/**
 * What one rendering may use, so that no template can hang or exhaust memory: steps, characters
 * gone over or made, output, and depth of calls.
 */
final class Budget {
  /** Expressions evaluated and items gone over: seconds at most. */
  static final int STEPS = 10_000_000;

  /** Characters of the output, and of any one string. */
  static final int OUTPUT = 16 << 20;

  /** Characters gone over or made, besides a multiple of the conversation's own. */
  static final long WORK = 64L << 20;

  /** Expressions and statements in one another, through macro calls too. */
  static final int DEPTH = 300;

  private static final long WORK_A_CHARACTER_GIVEN = 64;

  private long steps = STEPS;
  private long work;
  private int depth;

  /** The budget of a rendering that is given {@code characters} of conversation. */
  Budget(long characters) {
    this.work = WORK + WORK_A_CHARACTER_GIVEN * characters;
  }

  void step() {
    steps(1);
  }

  /** Counts {@code count} values that are made anew. */
  void items(long count) {
    steps(8 * count);
  }

  /** Counts {@code count} steps. */
  void steps(long count) {
    steps -= count;
    if (steps < 0) {
      throw new Fault("more than %,d steps; the template does not come to an end".formatted(STEPS));
    }
  }

  /** Counts {@code characters} gone over or made. */
  void work(long characters) {
    work -= characters;
    if (work < 0) {
      throw new Fault("the template makes far more text than it is given");
    }
  }

  /** Counts a search for {@code sought} characters in {@code text} characters. */
  void search(long text, long sought) {
    work(text * (1 + sought / 64));
  }

  /** Counts a string of {@code characters} that is about to be made. */
  void make(long characters) {
    if (characters > OUTPUT) {
      throw new Fault("a text of more than %,d characters".formatted(OUTPUT));
    }
    work(characters);
  }

  /** Counts {@code added} characters behind {@code before} that count already. */
  void grow(long before, long added) {
    if (before + added > OUTPUT) {
      make(before + added);
    }
    work(added);
  }

  String made(String text) {
    make(text.length());
    return text;
  }

  void enter() {
    if (++depth > DEPTH) {
      throw new Fault("calls or brackets in one another deeper than " + DEPTH);
    }
    step();
  }

  void leave() {
    depth--;
  }
}
