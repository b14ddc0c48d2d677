package dev.preamble.model.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What filters call an attribute: a name, a place, or several joined with dots. */
record AttributePath(List<Value> parts, Optional<Value> otherwise) {
  static AttributePath of(Value attribute) {
    return of(attribute, Optional.empty());
  }

  /**
   * @param otherwise what stands for an item that has no such attribute
   */
  static AttributePath of(Value attribute, Optional<Value> otherwise) {
    if (!(attribute instanceof Value.Text text)) {
      return new AttributePath(List.of(attribute), otherwise);
    }
    List<Value> parts = new ArrayList<>();
    for (String part : text.text().split("\\.", -1)) {
      boolean place =
          !part.isEmpty() && part.length() < 10 && part.chars().allMatch(c -> c >= '0' && c <= '9');
      parts.add(place ? Value.of(Long.parseLong(part)) : new Value.Text(part));
    }
    return new AttributePath(List.copyOf(parts), otherwise);
  }

  Value of(Value item, Budget budget) {
    Value found = item;
    for (Value part : parts) {
      found = Members.item(found, part, budget);
      if (found instanceof Value.Undefined && otherwise.isPresent()) {
        found = otherwise.get();
      }
    }
    return found;
  }
}
