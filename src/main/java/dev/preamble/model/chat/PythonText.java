package dev.preamble.model.chat;

import dev.preamble.PythonForms;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Values as Python's {@code str} and {@code repr} show them. */
final class PythonText {
  private static final int DEEPEST = 200;

  private final StringBuilder out = new StringBuilder();
  private final Budget budget;

  private PythonText(Budget budget) {
    this.budget = budget;
  }

  /** What printing {@code value} gives; nothing for what is undefined. */
  static String str(Value value, Budget budget) {
    return switch (value) {
      case Value.Text text -> text.text();
      case Value.Undefined undefined -> "";
      default -> {
        PythonText shown = new PythonText(budget);
        shown.repr(value, 0);
        yield shown.out.toString();
      }
    };
  }

  private void repr(Value value, int depth) {
    if (depth > DEEPEST) {
      throw new Fault("values in one another deeper than " + DEEPEST);
    }
    budget.step();
    budget.grow(out.length(), 2);
    switch (value) {
      case Value.Text text -> quoted(text.text());
      case Value.Int number -> {
        budget.work(number.value().bitLength() / 3);
        out.append(number.value());
      }
      case Value.Real number -> out.append(PythonForms.repr(number.value(), "nan", "inf"));
      case Value.Bool bool -> out.append(bool.value() ? "True" : "False");
      case Value.None none -> out.append("None");
      case Value.Undefined undefined -> out.append("Undefined");
      case Value.Sequence sequence -> sequence(sequence, depth);
      case Value.Mapping mapping -> mapping(mapping.entries(), depth);
      default -> throw Types.expected("something that can be shown", value);
    }
  }

  private void sequence(Value.Sequence sequence, int depth) {
    List<Value> items = sequence.items();
    switch (sequence.kind()) {
      case LIST -> items("[", items, "]", depth);
      case TUPLE -> items("(", items, items.size() == 1 ? ",)" : ")", depth);
      case VIEW -> throw Types.expected("something that can be shown (add | list)", sequence);
    }
  }

  private void items(String open, List<Value> items, String close, int depth) {
    out.append(open);
    for (Iterator<Value> rest = items.iterator(); rest.hasNext(); ) {
      repr(rest.next(), depth + 1);
      out.append(rest.hasNext() ? ", " : "");
    }
    out.append(close);
  }

  private void mapping(Map<String, Value> entries, int depth) {
    String separator = "{";
    for (Map.Entry<String, Value> entry : entries.entrySet()) {
      out.append(separator);
      quoted(entry.getKey());
      out.append(": ");
      repr(entry.getValue(), depth + 1);
      separator = ", ";
    }
    out.append(entries.isEmpty() ? "{}" : "}");
  }

  private void quoted(String text) {
    budget.make(text.length());
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    out.append(quote);
    text.codePoints()
        .forEach(
            point -> {
              switch (point) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                  if (point == quote) {
                    out.append('\\').append(quote);
                  } else if (Characters.isPrintable(point)) {
                    out.appendCodePoint(point);
                  } else if (point < 0x100) {
                    out.append("\\x%02x".formatted(point));
                  } else {
                    out.append((point < 0x10000 ? "\\u%04x" : "\\U%08x").formatted(point));
                  }
                }
              }
            });
    out.append(quote);
  }
}
