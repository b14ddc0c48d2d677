package dev.preamble.generation.sampling;

import java.util.List;

/** One text alone: these tokens. */
record ListConstraint(int vocabulary, List<Integer> tokens) implements Constraint {
  @Override
  public State start(boolean textBegins) {
    return new State() {
      private int place;

      @Override
      public long[] allowed() {
        long[] allowed = new long[(vocabulary + 63) / 64];
        if (!complete()) {
          allowed[tokens.get(place) >> 6] |= 1L << tokens.get(place);
        }
        return allowed;
      }

      @Override
      public boolean complete() {
        return place == tokens.size();
      }

      @Override
      public boolean exhausted() {
        return complete();
      }

      @Override
      public void accept(int token) {
        place++;
      }
    };
  }
}
