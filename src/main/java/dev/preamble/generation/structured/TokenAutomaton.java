package dev.preamble.generation.structured;

import dev.preamble.generation.sampling.Constraint;
import dev.preamble.model.TokenBytes;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The texts of an automaton, token by token. The tokens that may come in a state are found when a
 * row first stands in it, and kept within a budget of memory.
 */
final class TokenAutomaton implements Constraint {
  private static final long BUDGET = 8L << 20;

  private final ByteDfa dfa;
  private final TokenTrie trie;
  private final TokenBytes bytes;
  private final Map<Integer, long[]> masks = new ConcurrentHashMap<>();
  private final int mostMasks;

  TokenAutomaton(ByteDfa dfa, TokenTrie trie, TokenBytes bytes) {
    this.dfa = dfa;
    this.trie = trie;
    this.bytes = bytes;
    this.mostMasks = Math.toIntExact(BUDGET / Math.max(1, trie.vocabulary() / 8));
  }

  @Override
  public State start(boolean textBegins) {
    return new Place(textBegins && bytes.dropsLeadingSpace());
  }

  /** The tokens that lead on from a state inside a text. */
  private long[] allowed(int state) {
    long[] known = masks.get(state);
    if (known == null) {
      known = trie.allowed(dfa, state, false);
      if (masks.size() < mostMasks) {
        masks.put(state, known);
      }
    }
    return known;
  }

  private final class Place implements State {
    private int state;
    private boolean dropsSpace;

    Place(boolean dropsSpace) {
      this.dropsSpace = dropsSpace;
    }

    @Override
    public long[] allowed() {
      return dropsSpace ? trie.allowed(dfa, state, true) : TokenAutomaton.this.allowed(state);
    }

    @Override
    public boolean complete() {
      return dfa.accepts(state);
    }

    @Override
    public boolean exhausted() {
      return complete() && dfa.ends(state);
    }

    @Override
    public void accept(int token) {
      byte[] taken = bytes.of(token);
      for (int i = dropsSpace && taken[0] == ' ' ? 1 : 0; i < taken.length; i++) {
        state = dfa.step(state, taken[i] & 0xFF);
        if (state == ByteDfa.NOWHERE) {
          throw new IllegalArgumentException("token " + token + " may not come here");
        }
      }
      dropsSpace = false;
    }
  }
}
