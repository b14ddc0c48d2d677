package dev.preamble.model.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** The filters that pick or change the items of a list one by one. */
final class SelectingFilters {
  static final Map<String, Filters.Filter> TABLE =
      Map.of(
          "map", SelectingFilters::map,
          "select", selecting("select", true, false),
          "reject", selecting("reject", false, false),
          "selectattr", selecting("selectattr", true, true),
          "rejectattr", selecting("rejectattr", false, true));

  private SelectingFilters() {}

  private static Value map(Value value, Arguments arguments, Evaluator evaluator) {
    Budget budget = evaluator.budget();
    List<Value> mapped = new ArrayList<>();
    if (arguments.positional().isEmpty()) {
      Arguments.Bound bound = arguments.bind("map", "attribute", "default");
      AttributePath path = AttributePath.of(bound.require("attribute"), bound.given("default"));
      for (Value item : items(value, budget)) {
        mapped.add(path.of(item, budget));
      }
    } else {
      String filter = Types.text(arguments.positional().getFirst());
      for (Value item : items(value, budget)) {
        mapped.add(Filters.apply(filter, item, arguments.without(1), evaluator));
      }
    }
    return new Value.Generator(mapped.iterator());
  }

  private static Filters.Filter selecting(String name, boolean keeps, boolean byAttribute) {
    return (value, arguments, evaluator) -> {
      Budget budget = evaluator.budget();
      Predicate<Value> test = test(name, arguments, byAttribute, budget);
      List<Value> kept = new ArrayList<>();
      for (Value item : items(value, budget)) {
        if (test.test(item) == keeps) {
          kept.add(item);
        }
      }
      return new Value.Generator(kept.iterator());
    };
  }

  private static Predicate<Value> test(
      String name, Arguments arguments, boolean byAttribute, Budget budget) {
    Optional<AttributePath> path = Optional.empty();
    Arguments rest = arguments;
    if (byAttribute) {
      if (arguments.positional().isEmpty()) {
        throw new Fault(name + ": expected an attribute's name, found none");
      }
      path = Optional.of(AttributePath.of(arguments.positional().getFirst()));
      rest = arguments.without(1);
    }
    Optional<AttributePath> attribute = path;
    Arguments others = rest;
    Predicate<Value> test =
        others.positional().isEmpty()
            ? Types::isTrue
            : item ->
                Tests.holds(
                    Types.text(others.positional().getFirst()), item, others.without(1), budget);
    return item -> test.test(attribute.isPresent() ? attribute.get().of(item, budget) : item);
  }

  /** Nothing for what is false, such as none. */
  private static List<Value> items(Value value, Budget budget) {
    if (!Types.isTrue(value)) {
      return List.of();
    }
    List<Value> items = Types.list(value, budget);
    budget.steps(items.size());
    return items;
  }
}
