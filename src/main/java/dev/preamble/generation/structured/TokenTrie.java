package dev.preamble.generation.structured;

import dev.preamble.model.TokenBytes;
import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.IntStream;

/**
 * A vocabulary's tokens by their bytes. Its nodes stand in the order of a walk that goes down
 * before it goes on, so that walking is a loop, and leaving a subtree out a jump.
 */
final class TokenTrie {
  private final int vocabulary;
  private final int deepest;
  private final int nodes;
  private final byte[] labels;
  private final int[] depths;
  private final int[] after;
  private final int[] firstToken;
  private final int[] lastToken;
  private final int[] tokens;
  private final BitSet singleBytes = new BitSet(256);

  TokenTrie(TokenBytes bytes) {
    vocabulary = bytes.size();
    byte[][] all = IntStream.range(0, vocabulary).mapToObj(bytes::of).toArray(byte[][]::new);
    tokens =
        IntStream.range(0, vocabulary)
            .filter(token -> all[token].length > 0)
            .boxed()
            .sorted((a, b) -> Arrays.compareUnsigned(all[a], all[b]))
            .mapToInt(Integer::intValue)
            .toArray();
    int most = Arrays.stream(tokens).map(token -> all[token].length).sum();
    labels = new byte[most];
    depths = new int[most];
    after = new int[most];
    firstToken = new int[most];
    lastToken = new int[most];
    int longest = 0;
    int count = 0;
    byte[] before = {};
    int[] open = new int[Arrays.stream(tokens).map(token -> all[token].length).max().orElse(0)];
    for (int i = 0; i < tokens.length; i++) {
      byte[] token = all[tokens[i]];
      int mismatch = Arrays.mismatch(before, token);
      int shared = mismatch < 0 ? token.length : mismatch;
      for (int depth = before.length; depth > shared; depth--) {
        after[open[depth - 1]] = count;
      }
      for (int depth = shared; depth < token.length; depth++) {
        labels[count] = token[depth];
        depths[count] = depth;
        open[depth] = count++;
      }
      int end = open[token.length - 1];
      if (shared < token.length) {
        firstToken[end] = i;
      }
      lastToken[end] = i + 1;
      if (token.length == 1) {
        singleBytes.set(token[0] & 0xFF);
      }
      longest = Math.max(longest, token.length);
      before = token;
    }
    for (int depth = before.length; depth > 0; depth--) {
      after[open[depth - 1]] = count;
    }
    nodes = count;
    deepest = longest;
  }

  int vocabulary() {
    return vocabulary;
  }

  /** The bytes that are a token each. */
  BitSet singleBytes() {
    return (BitSet) singleBytes.clone();
  }

  /**
   * The tokens whose bytes {@code dfa} takes from {@code state}, a bit each.
   *
   * @param dropsSpace whether a leading space of a token is no part of the text
   */
  long[] allowed(ByteDfa dfa, int state, boolean dropsSpace) {
    long[] allowed = new long[(vocabulary + 63) / 64];
    int[] states = new int[deepest + 1];
    states[0] = state;
    int node = 0;
    while (node < nodes) {
      int depth = depths[node];
      boolean dropped = dropsSpace && depth == 0 && labels[node] == ' ';
      int reached = dropped ? state : dfa.step(states[depth], labels[node] & 0xFF);
      if (reached == ByteDfa.NOWHERE) {
        node = after[node];
        continue;
      }
      states[depth + 1] = reached;
      for (int i = firstToken[node]; i < lastToken[node]; i++) {
        allowed[tokens[i] >> 6] |= 1L << tokens[i];
      }
      node++;
    }
    return allowed;
  }
}
