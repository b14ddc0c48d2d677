package dev.preamble.model.chat;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Variables: those of a loop's pass, a macro's call or the template, and what surrounds them. */
final class Scope {
  private final Optional<Scope> outer;
  private final Map<String, Value> variables = new HashMap<>();

  Scope() {
    this.outer = Optional.empty();
  }

  private Scope(Scope outer) {
    this.outer = Optional.of(outer);
  }

  /** A scope in which these variables are seen, and hidden by its own. */
  Scope inner() {
    return new Scope(this);
  }

  void set(String name, Value value) {
    variables.put(name, value);
  }

  Optional<Value> find(String name) {
    for (Optional<Scope> scope = Optional.of(this); scope.isPresent(); scope = scope.get().outer) {
      Value value = scope.get().variables.get(name);
      if (value != null) {
        return Optional.of(value);
      }
    }
    return Optional.empty();
  }
}
