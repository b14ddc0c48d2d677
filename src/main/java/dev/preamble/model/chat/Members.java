package dev.preamble.model.chat;

import java.util.Optional;

/**
 * What {@code target.name} and {@code target[key]} give. As in Jinja, the first prefers a method
 * over a key of that name, the second a key over a method, and what is not there is undefined.
 */
final class Members {
  private Members() {}

  static Value attribute(Value target, String name, Budget budget) {
    return own(target, name)
        .or(() -> keyed(target, new Value.Text(name), budget))
        .orElseGet(() -> absent(target, name));
  }

  static Value item(Value target, Value key, Budget budget) {
    return keyed(target, key, budget)
        .or(() -> key instanceof Value.Text name ? own(target, name.text()) : Optional.empty())
        .orElseGet(() -> absent(target, PythonText.str(key, budget)));
  }

  private static Optional<Value> own(Value target, String name) {
    return switch (target) {
      case Value.Namespace namespace -> Optional.ofNullable(namespace.entries().get(name));
      case Value.Looping loop -> loop.loop().attribute(name);
      case Value.Undefined undefined ->
          throw new Fault("%s is undefined and has no '%s'".formatted(undefined.what(), name));
      default -> Methods.find(target, name);
    };
  }

  private static Optional<Value> keyed(Value target, Value key, Budget budget) {
    return switch (target) {
      case Value.Mapping mapping ->
          key instanceof Value.Text name
              ? Optional.ofNullable(mapping.entries().get(name.text()))
              : Optional.empty();
      case Value.Sequence sequence
          when isPlace(key) && sequence.kind() != Value.Sequence.Kind.VIEW ->
          Lists.item(sequence.items(), key);
      case Value.Text text when isPlace(key) -> Lists.character(text.text(), key, budget);
      case Value.Undefined undefined ->
          throw new Fault("%s is undefined and has no items".formatted(undefined.what()));
      default -> Optional.empty();
    };
  }

  private static boolean isPlace(Value key) {
    return key instanceof Value.Int || key instanceof Value.Bool;
  }

  private static Value absent(Value target, String name) {
    return new Value.Undefined("'%s' of %s".formatted(name, Types.name(target)));
  }
}
