package dev.preamble.generation.structured;

import dev.preamble.generation.structured.TextPattern.Member;
import dev.preamble.generation.structured.TextPattern.Members;
import dev.preamble.generation.structured.TextPattern.Repeat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A nondeterministic automaton over bytes, made from a pattern by Thompson's construction: state 0
 * begins, state 1 accepts. Edges are kept by the state that they leave.
 */
final class Nfa {
  static final int START = 0;
  static final int ACCEPT = 1;

  /** The most states, a bound on memory: two edges a state on average, few bytes each. */
  private static final int MOST_STATES = 200_000;

  private static final int[] NONE = {};

  /** A step on any byte from {@code first} to {@code last}. */
  record Edge(int first, int last, int to) {}

  private final List<List<Edge>> edges = new ArrayList<>();
  private final List<int[]> silent = new ArrayList<>();

  private Nfa() {}

  /**
   * The automaton that accepts the texts of {@code pattern}.
   *
   * @throws TooLargeException if it would have too many states
   */
  static Nfa of(TextPattern pattern) {
    Nfa nfa = new Nfa();
    int start = nfa.state();
    int accept = nfa.state();
    nfa.connect(pattern, start, accept);
    return nfa;
  }

  int states() {
    return edges.size();
  }

  List<Edge> edges(int state) {
    return edges.get(state);
  }

  /** States that {@code state} reaches without a byte, in one step. */
  int[] silent(int state) {
    return silent.get(state);
  }

  private int state() {
    if (edges.size() == MOST_STATES) {
      throw new TooLargeException("more than %,d places".formatted(MOST_STATES));
    }
    edges.add(new ArrayList<>(1));
    silent.add(NONE);
    return edges.size() - 1;
  }

  private void pass(int from, int to) {
    int[] known = silent.get(from);
    int[] more = Arrays.copyOf(known, known.length + 1);
    more[known.length] = to;
    silent.set(from, more);
  }

  /** Lets the texts of {@code pattern} lead from one state to the other. */
  private void connect(TextPattern pattern, int from, int to) {
    switch (pattern) {
      case TextPattern.Characters characters -> characters(characters.points(), from, to);
      case TextPattern.Sequence sequence -> {
        int at = from;
        for (TextPattern part : sequence.parts()) {
          int next = state();
          connect(part, at, next);
          at = next;
        }
        pass(at, to);
      }
      case TextPattern.Either either -> {
        for (TextPattern option : either.options()) {
          int begin = state();
          pass(from, begin);
          connect(option, begin, to);
        }
      }
      case Repeat repeat -> repeat(repeat, from, to);
      case Members members -> members(members, from, to);
    }
  }

  /** The bytes that any character may end with are shared by all sequences that end with them. */
  private void characters(CodePoints points, int from, int to) {
    List<Integer> tails = new ArrayList<>(List.of(to));
    for (CodePoints.Range range : points.ranges()) {
      for (List<Utf8Ranges.Bytes> sequence : Utf8Ranges.of(range)) {
        int own = sequence.size();
        while (own > 1 && sequence.get(own - 1).equals(Utf8Ranges.ANY_FOLLOWER)) {
          own--;
        }
        int at = from;
        for (int i = 0; i < own; i++) {
          int next = i == own - 1 ? tail(tails, sequence.size() - own) : state();
          edges.get(at).add(new Edge(sequence.get(i).first(), sequence.get(i).last(), next));
          at = next;
        }
      }
    }
  }

  /** The state from which {@code count} of any following bytes lead to the end. */
  private int tail(List<Integer> tails, int count) {
    Utf8Ranges.Bytes any = Utf8Ranges.ANY_FOLLOWER;
    while (tails.size() <= count) {
      int state = state();
      edges.get(state).add(new Edge(any.first(), any.last(), tails.getLast()));
      tails.add(state);
    }
    return tails.get(count);
  }

  /**
   * One copy of the body for each that is counted, and one more that loops where any may follow.
   */
  private void repeat(Repeat repeat, int from, int to) {
    boolean unbounded = repeat.most() == Repeat.UNBOUNDED;
    int copies = unbounded ? Math.max(1, repeat.least()) : repeat.most();
    int at = state();
    pass(from, at);
    if (repeat.least() == 0) {
      pass(at, to);
    }
    for (int i = 1; i <= copies; i++) {
      int begin = state();
      int end = state();
      if (i == 1) {
        pass(at, begin);
      } else {
        connect(repeat.separator(), at, begin);
      }
      connect(repeat.body(), begin, end);
      if (i >= repeat.least()) {
        pass(end, to);
      }
      if (unbounded && i == copies) {
        connect(repeat.separator(), end, begin);
      }
      at = end;
    }
  }

  /** Two ways side by side: nothing stands yet, and something does, so that a separator comes. */
  private void members(Members members, int from, int to) {
    int nothing = state();
    int something = state();
    pass(from, nothing);
    for (Member member : members.members()) {
      int begin = state();
      int afterNothing = state();
      int afterSomething = state();
      pass(nothing, begin);
      connect(members.separator(), something, begin);
      connect(member.pattern(), begin, afterSomething);
      if (!member.required()) {
        pass(nothing, afterNothing);
        pass(something, afterSomething);
      }
      nothing = afterNothing;
      something = afterSomething;
    }
    pass(nothing, to);
    pass(something, to);
  }
}
