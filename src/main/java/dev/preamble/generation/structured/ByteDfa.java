package dev.preamble.generation.structured;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A deterministic automaton over bytes: each byte leads from a state to one other or nowhere, and
 * from each state the accepting ones can be reached. State 0 begins.
 */
final class ByteDfa {
  /** Where a byte that may not come leads. */
  static final int NOWHERE = -1;

  private static final int MOST_CELLS = 4_000_000;
  private static final long MOST_WORK = 30_000_000;
  private static final long MOST_MEMBERS = 5_000_000;

  private final int classes;
  private final int[] classOf;
  private final int[] next;
  private final BitSet accepting;

  private ByteDfa(int classes, int[] classOf, int[] next, BitSet accepting) {
    this.classes = classes;
    this.classOf = classOf;
    this.next = next;
    this.accepting = accepting;
  }

  /**
   * Determinises {@code nfa}, by subsets.
   *
   * @param usable the bytes that a text may have at all
   * @throws TooLargeException if it would take too many states or steps
   */
  static ByteDfa of(Nfa nfa, BitSet usable) {
    return new Subsets(nfa, usable).determinise();
  }

  /** Where {@code value}, from 0 to 255, leads from {@code state}, or {@link #NOWHERE}. */
  int step(int state, int value) {
    return next[state * classes + classOf[value]];
  }

  boolean accepts(int state) {
    return accepting.get(state);
  }

  /** Whether no byte leads on from {@code state}. */
  boolean ends(int state) {
    for (int i = state * classes; i < (state + 1) * classes; i++) {
      if (next[i] != NOWHERE) {
        return false;
      }
    }
    return true;
  }

  /** The subset construction, whose work is counted. */
  private static final class Subsets {
    private final Nfa nfa;
    private final BitSet live;
    private final int[] classOf = new int[256];
    private final List<Integer> representatives = new ArrayList<>();
    private final Map<Subset, Integer> known = new HashMap<>();
    private final List<int[]> members = new ArrayList<>();
    private final int[] mark;
    private int stamp;
    private long work;
    private long memberCount;

    private record Subset(int[] states) {
      @Override
      public boolean equals(Object other) {
        return other instanceof Subset subset && Arrays.equals(states, subset.states);
      }

      @Override
      public int hashCode() {
        return Arrays.hashCode(states);
      }
    }

    Subsets(Nfa nfa, BitSet usable) {
      this.nfa = nfa;
      this.mark = new int[nfa.states()];
      this.live = live(nfa, usable);
      classes(usable);
    }

    /** Bytes that no edge tells apart are one class; class 0 holds those that lead nowhere. */
    private void classes(BitSet usable) {
      BitSet cuts = new BitSet(257);
      for (int state = 0; state < nfa.states(); state++) {
        for (Nfa.Edge edge : nfa.edges(state)) {
          cuts.set(edge.first());
          cuts.set(edge.last() + 1);
        }
      }
      for (int value = 0; value < 256; value++) {
        if (usable.get(value) != (value > 0 && usable.get(value - 1))) {
          cuts.set(value);
        }
      }
      representatives.add(NOWHERE);
      for (int value = 0; value < 256; value++) {
        if (usable.get(value) && (cuts.get(value) || representatives.size() == 1)) {
          representatives.add(value);
        }
        classOf[value] = usable.get(value) ? representatives.size() - 1 : 0;
      }
    }

    ByteDfa determinise() {
      subset(new int[] {Nfa.START});
      int classes = representatives.size();
      int[] next = new int[64 * classes];
      for (int state = 0; state < members.size(); state++) {
        if ((state + 1L) * classes > MOST_CELLS) {
          throw new TooLargeException("more than %,d states".formatted(MOST_CELLS / classes));
        }
        if ((state + 1) * classes > next.length) {
          next = Arrays.copyOf(next, Math.min(2 * next.length, MOST_CELLS));
        }
        next[state * classes] = NOWHERE;
        for (int group = 1; group < classes; group++) {
          next[state * classes + group] = step(members.get(state), representatives.get(group));
        }
      }
      BitSet accepting = new BitSet();
      for (int state = 0; state < members.size(); state++) {
        accepting.set(state, Arrays.binarySearch(members.get(state), Nfa.ACCEPT) >= 0);
      }
      return new ByteDfa(
          classes, classOf, Arrays.copyOf(next, members.size() * classes), accepting);
    }

    private int step(int[] states, int value) {
      int[] reached = new int[4];
      int count = 0;
      for (int state : states) {
        for (Nfa.Edge edge : nfa.edges(state)) {
          work++;
          if (edge.first() <= value && value <= edge.last() && live.get(edge.to())) {
            if (count == reached.length) {
              reached = Arrays.copyOf(reached, 2 * count);
            }
            reached[count++] = edge.to();
          }
        }
      }
      return count == 0 ? NOWHERE : subset(Arrays.copyOf(reached, count));
    }

    /** The state for all that {@code from} reaches without a byte. */
    private int subset(int[] from) {
      stamp++;
      Deque<Integer> open = new ArrayDeque<>();
      int[] all = new int[8];
      int count = 0;
      for (int state : from) {
        open.push(state);
      }
      while (!open.isEmpty()) {
        int state = open.pop();
        work++;
        if (mark[state] == stamp || !live.get(state)) {
          continue;
        }
        mark[state] = stamp;
        if (state == Nfa.ACCEPT || !nfa.edges(state).isEmpty()) {
          if (count == all.length) {
            all = Arrays.copyOf(all, 2 * count);
          }
          all[count++] = state;
        }
        for (int reached : nfa.silent(state)) {
          open.push(reached);
        }
      }
      if (work > MOST_WORK || memberCount > MOST_MEMBERS) {
        throw new TooLargeException("more than %,d steps to compile".formatted(MOST_WORK));
      }
      int[] states = Arrays.copyOf(all, count);
      Arrays.sort(states);
      int fresh = members.size();
      int place = known.computeIfAbsent(new Subset(states), key -> fresh);
      if (place == fresh) {
        members.add(states);
        memberCount += count;
      }
      return place;
    }

    /** The states from which the accepting one is reached by usable bytes. */
    private static BitSet live(Nfa nfa, BitSet usable) {
      List<List<Integer>> before = new ArrayList<>();
      for (int state = 0; state < nfa.states(); state++) {
        before.add(new ArrayList<>(1));
      }
      for (int state = 0; state < nfa.states(); state++) {
        for (int reached : nfa.silent(state)) {
          before.get(reached).add(state);
        }
        for (Nfa.Edge edge : nfa.edges(state)) {
          int first = usable.nextSetBit(edge.first());
          if (first >= 0 && first <= edge.last()) {
            before.get(edge.to()).add(state);
          }
        }
      }
      BitSet live = new BitSet();
      Deque<Integer> open = new ArrayDeque<>(List.of(Nfa.ACCEPT));
      while (!open.isEmpty()) {
        int state = open.pop();
        if (!live.get(state)) {
          live.set(state);
          open.addAll(before.get(state));
        }
      }
      return live;
    }
  }
}
