package dev.preamble.model.chat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** The filters on strings, lists and mappings as a whole. */
final class ListFilters {
  static final Map<String, Filters.Filter> TABLE =
      Map.ofEntries(
          Map.entry("length", ListFilters::length),
          Map.entry("count", ListFilters::length),
          Map.entry("first", ListFilters::first),
          Map.entry("last", ListFilters::last),
          Map.entry("list", ListFilters::list),
          Map.entry("items", ListFilters::items),
          Map.entry("reverse", ListFilters::reverse),
          Map.entry("sort", ListFilters::sort),
          Map.entry("dictsort", ListFilters::dictSort),
          Map.entry("unique", ListFilters::unique));

  private ListFilters() {}

  private static Value length(Value value, Arguments arguments, Evaluator evaluator) {
    arguments.bind("length");
    return Value.of(Types.length(value));
  }

  private static Value first(Value value, Arguments arguments, Evaluator evaluator) {
    arguments.bind("first");
    Iterator<Value> items = Types.items(value, evaluator.budget());
    return items.hasNext() ? items.next() : new Value.Undefined("the first of no items");
  }

  private static Value last(Value value, Arguments arguments, Evaluator evaluator) {
    arguments.bind("last");
    if (value instanceof Value.Generator) {
      throw Types.expected("something with a last item", value);
    }
    List<Value> items = Types.list(value, evaluator.budget());
    return items.isEmpty() ? new Value.Undefined("the last of no items") : items.getLast();
  }

  private static Value list(Value value, Arguments arguments, Evaluator evaluator) {
    arguments.bind("list");
    return Value.list(Types.list(value, evaluator.budget()));
  }

  private static Value items(Value value, Arguments arguments, Evaluator evaluator) {
    arguments.bind("items");
    return switch (value) {
      case Value.Mapping mapping ->
          new Value.Generator(
              MappingMethods.items(mapping.entries(), evaluator.budget()).iterator());
      case Value.Undefined undefined -> new Value.Generator(List.<Value>of().iterator());
      default -> throw Types.expected("a mapping", value);
    };
  }

  private static Value reverse(Value value, Arguments arguments, Evaluator evaluator) {
    arguments.bind("reverse");
    if (value instanceof Value.Text) {
      return Lists.slice(value, Optional.empty(), Optional.empty(), -1, evaluator.budget());
    }
    List<Value> items = new ArrayList<>(Types.list(value, evaluator.budget()));
    evaluator.budget().steps(items.size());
    Collections.reverse(items);
    return value instanceof Value.Generator
        ? Value.list(items)
        : new Value.Generator(items.iterator());
  }

  private static Value sort(Value value, Arguments arguments, Evaluator evaluator) {
    Arguments.Bound bound = arguments.bind("sort", "reverse", "case_sensitive", "attribute");
    Budget budget = evaluator.budget();
    Optional<AttributePath> path = bound.given("attribute").map(ListFilters::onePath);
    boolean cased = bound.isTrue("case_sensitive");
    return Value.list(
        sorted(
            Types.list(value, budget),
            item -> folded(path.isPresent() ? path.get().of(item, budget) : item, cased),
            bound.isTrue("reverse"),
            budget));
  }

  private static AttributePath onePath(Value attribute) {
    if (attribute instanceof Value.Text text && text.text().contains(",")) {
      throw Fault.unsupported(0, "sort by several attributes");
    }
    return AttributePath.of(attribute);
  }

  private static Value dictSort(Value value, Arguments arguments, Evaluator evaluator) {
    Arguments.Bound bound = arguments.bind("dictsort", "case_sensitive", "by", "reverse");
    String by = bound.find("by").map(Types::text).orElse("key");
    if (!(value instanceof Value.Mapping mapping)) {
      throw Types.expected("a mapping", value);
    }
    if (!by.equals("key") && !by.equals("value")) {
      throw new Fault("dictsort: expected by 'key' or 'value', found '%s'".formatted(by));
    }
    Value place = Value.of(by.equals("key") ? 0 : 1);
    Budget budget = evaluator.budget();
    boolean cased = bound.isTrue("case_sensitive");
    return Value.list(
        sorted(
            MappingMethods.items(mapping.entries(), budget),
            item -> folded(Members.item(item, place, budget), cased),
            bound.isTrue("reverse"),
            budget));
  }

  private static List<Value> sorted(
      List<Value> items, UnaryOperator<Value> key, boolean reversed, Budget budget) {
    Comparator<Value> order =
        (left, right) -> {
          budget.steps(2);
          return Comparing.order(key.apply(left), key.apply(right));
        };
    List<Value> sorted = new ArrayList<>(items);
    sorted.sort(reversed ? order.reversed() : order);
    return sorted;
  }

  private static Value unique(Value value, Arguments arguments, Evaluator evaluator) {
    Arguments.Bound bound = arguments.bind("unique", "case_sensitive", "attribute");
    Budget budget = evaluator.budget();
    Optional<AttributePath> path = bound.given("attribute").map(AttributePath::of);
    boolean cased = bound.isTrue("case_sensitive");
    List<Value> seen = new ArrayList<>();
    List<Value> kept = new ArrayList<>();
    for (Value item : Types.list(value, budget)) {
      Value key = folded(path.isPresent() ? path.get().of(item, budget) : item, cased);
      budget.steps(seen.size());
      if (seen.stream().noneMatch(other -> Comparing.holds("==", other, key, budget))) {
        seen.add(key);
        kept.add(item);
      }
    }
    return new Value.Generator(kept.iterator());
  }

  private static Value folded(Value value, boolean cased) {
    return value instanceof Value.Text text && !cased
        ? new Value.Text(Casing.lower(text.text()))
        : value;
  }
}
