package dev.preamble.model.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Places and parts of strings and lists, counted in characters and from the end too. */
final class Lists {
  private Lists() {}

  static Value concatenation(Value.Sequence left, Value.Sequence right, Budget budget) {
    budget.steps((long) left.items().size() + right.items().size());
    List<Value> items = new ArrayList<>(left.items());
    items.addAll(right.items());
    return new Value.Sequence(List.copyOf(items), left.kind());
  }

  /** The item at {@code place}, if there is one. */
  static Optional<Value> item(List<Value> items, Value place) {
    int index = Types.small(place);
    int found = index < 0 ? index + items.size() : index;
    return found >= 0 && found < items.size() ? Optional.of(items.get(found)) : Optional.empty();
  }

  /** The character at {@code place}, if there is one. */
  static Optional<Value> character(String text, Value place, Budget budget) {
    budget.work(text.length());
    int index = Types.small(place);
    int count = text.codePointCount(0, text.length());
    int found = index < 0 ? index + count : index;
    return found >= 0 && found < count
        ? Optional.of(
            new Value.Text(Character.toString(text.codePointAt(text.offsetByCodePoints(0, found)))))
        : Optional.empty();
  }

  /** {@code target[from:to:step]}; a bound that is not given reaches to the end. */
  static Value slice(
      Value target, Optional<Integer> from, Optional<Integer> to, int step, Budget budget) {
    if (step == 0) {
      throw new Fault("a slice's step cannot be 0");
    }
    return switch (target) {
      case Value.Text text -> {
        budget.make(2L * text.text().length());
        int[] points = text.text().codePoints().toArray();
        StringBuilder part = new StringBuilder();
        for (int place : places(points.length, from, to, step)) {
          part.appendCodePoint(points[place]);
        }
        yield new Value.Text(part.toString());
      }
      case Value.Sequence sequence when sequence.kind() != Value.Sequence.Kind.VIEW -> {
        int[] places = places(sequence.items().size(), from, to, step);
        budget.steps(places.length);
        List<Value> part = new ArrayList<>(places.length);
        for (int place : places) {
          part.add(sequence.items().get(place));
        }
        yield new Value.Sequence(List.copyOf(part), sequence.kind());
      }
      default -> throw Types.expected("a string or list to slice", target);
    };
  }

  private static int[] places(int size, Optional<Integer> from, Optional<Integer> to, int step) {
    int lowest = step > 0 ? 0 : -1;
    int highest = step > 0 ? size : size - 1;
    long start =
        from.map(bound -> within(bound, size, lowest, highest)).orElse(step > 0 ? lowest : highest);
    long end =
        to.map(bound -> within(bound, size, lowest, highest)).orElse(step > 0 ? highest : lowest);
    long distance = step > 0 ? end - start : start - end;
    long stride = Math.abs((long) step);
    int count = (int) Math.max(0, (distance + stride - 1) / stride);
    int[] places = new int[count];
    for (int i = 0; i < count; i++) {
      places[i] = (int) (start + (long) i * step);
    }
    return places;
  }

  private static int within(int bound, int size, int lowest, int highest) {
    long place = bound < 0 ? (long) bound + size : bound;
    return Math.clamp(place, lowest, highest);
  }
}
