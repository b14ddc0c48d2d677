package dev.preamble.model.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** The filters that make text, of anything that can be printed. */
final class TextFilters {
  static final Map<String, Filters.Filter> TABLE =
      Map.ofEntries(
          Map.entry("string", plain("string", text -> text)),
          Map.entry("upper", plain("upper", Casing::upper)),
          Map.entry("lower", plain("lower", Casing::lower)),
          Map.entry("title", plain("title", Casing::titleWords)),
          Map.entry("capitalize", plain("capitalize", Casing::capitalize)),
          Map.entry("trim", TextFilters::trim),
          Map.entry("replace", TextFilters::replace),
          Map.entry("indent", TextFilters::indent),
          Map.entry("join", TextFilters::join));

  private TextFilters() {}

  private static Filters.Filter plain(String name, UnaryOperator<String> change) {
    return (value, arguments, evaluator) -> {
      arguments.bind(name);
      String text = PythonText.str(value, evaluator.budget());
      return new Value.Text(evaluator.budget().made(change.apply(text)));
    };
  }

  private static Value trim(Value value, Arguments arguments, Evaluator evaluator) {
    Optional<String> characters = arguments.bind("trim", "chars").given("chars").map(Types::text);
    Budget budget = evaluator.budget();
    return new Value.Text(
        TextMethods.strip(PythonText.str(value, budget), characters, true, true, budget));
  }

  private static Value replace(Value value, Arguments arguments, Evaluator evaluator) {
    Arguments.Bound bound = arguments.bind("replace", "old", "new", "count");
    Budget budget = evaluator.budget();
    return new Value.Text(
        Replacing.replace(
            PythonText.str(value, budget),
            PythonText.str(bound.require("old"), budget),
            PythonText.str(bound.require("new"), budget),
            bound.given("count").map(Types::small).orElse(-1),
            budget));
  }

  private static Value indent(Value value, Arguments arguments, Evaluator evaluator) {
    Arguments.Bound bound = arguments.bind("indent", "width", "first", "blank");
    Budget budget = evaluator.budget();
    Value width = bound.find("width").orElse(Value.of(4));
    String blanks =
        width instanceof Value.Text text
            ? text.text()
            : " ".repeat(Math.clamp(Types.small(width), 0, 1000));
    List<String> lines = TextSplitting.lines(Types.text(value) + "\n", false);
    List<String> indented = new ArrayList<>();
    for (String line : lines) {
      boolean keeps = indented.isEmpty() || line.isEmpty() && !bound.isTrue("blank");
      indented.add(keeps ? line : blanks + line);
      budget.work(blanks.length());
    }
    String text = TextMethods.join("\n", indented, budget);
    return new Value.Text(bound.isTrue("first") ? blanks + text : text);
  }

  private static Value join(Value value, Arguments arguments, Evaluator evaluator) {
    Arguments.Bound bound = arguments.bind("join", "d", "attribute");
    Budget budget = evaluator.budget();
    Optional<AttributePath> path = bound.given("attribute").map(AttributePath::of);
    List<String> texts = new ArrayList<>();
    for (Value item : Types.list(value, budget)) {
      Value part = path.isPresent() ? path.get().of(item, budget) : item;
      texts.add(PythonText.str(part, budget));
    }
    String separator = bound.find("d").map(text -> PythonText.str(text, budget)).orElse("");
    return new Value.Text(TextMethods.join(separator, texts, budget));
  }
}
