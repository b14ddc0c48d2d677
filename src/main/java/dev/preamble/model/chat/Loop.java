package dev.preamble.model.chat;

import java.util.List;
import java.util.Optional;

/** A running loop: what {@code loop.index} and its like tell. */
final class Loop {
  private final List<Value> items;
  private int index = -1;
  private Optional<List<Value>> lastSeen = Optional.empty();

  Loop(List<Value> items) {
    this.items = items;
  }

  void next() {
    index++;
  }

  /** The attribute called {@code name}, or empty where a loop has none such. */
  Optional<Value> attribute(String name) {
    return Optional.ofNullable(
        switch (name) {
          case "index" -> Value.of(index + 1);
          case "index0" -> Value.of(index);
          case "revindex" -> Value.of(items.size() - index);
          case "revindex0" -> Value.of(items.size() - index - 1);
          case "first" -> Value.of(index == 0);
          case "last" -> Value.of(index == items.size() - 1);
          case "length" -> Value.of(items.size());
          case "depth" -> Value.of(1);
          case "depth0" -> Value.of(0);
          case "previtem" -> item(index - 1, "the item before the first");
          case "nextitem" -> item(index + 1, "the item behind the last");
          case "cycle" ->
              new Value.Callable("loop.cycle", (arguments, evaluator) -> cycle(arguments));
          case "changed" ->
              new Value.Callable("loop.changed", (arguments, evaluator) -> changed(arguments));
          default -> null;
        });
  }

  private Value item(int place, String otherwise) {
    return place >= 0 && place < items.size() ? items.get(place) : new Value.Undefined(otherwise);
  }

  private Value cycle(Arguments arguments) {
    List<Value> values = arguments.onlyPositional("loop.cycle");
    if (values.isEmpty()) {
      throw new Fault("loop.cycle: expected an argument, found none");
    }
    return values.get(index % values.size());
  }

  private Value changed(Arguments arguments) {
    List<Value> values = arguments.onlyPositional("loop.changed");
    boolean same = lastSeen.isPresent() && Comparing.equal(lastSeen.get(), values);
    lastSeen = Optional.of(values);
    return Value.of(!same);
  }
}
