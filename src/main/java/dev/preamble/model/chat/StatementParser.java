package dev.preamble.model.chat;

import dev.preamble.model.chat.Statement.Branch;
import dev.preamble.model.chat.Statement.Parameter;
import dev.preamble.model.chat.Statement.Target;
import dev.preamble.model.chat.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads a template's text and tags into statements. */
final class StatementParser {
  private final TokenStream tokens;
  private final ExpressionParser expressions;
  private int loops;

  private StatementParser(TokenStream tokens) {
    this.tokens = tokens;
    this.expressions = new ExpressionParser(tokens);
  }

  /**
   * The statements of a whole template.
   *
   * @throws Fault if it is malformed or uses what is outside the subset
   */
  static List<Statement> parse(String source) {
    return new StatementParser(new TokenStream(Lexer.tokens(source))).until(Set.of());
  }

  /** Statements up to a tag named in {@code ends}, which is left to be read; or to the end. */
  private List<Statement> until(Set<String> ends) {
    tokens.enter();
    List<Statement> statements = new ArrayList<>();
    while (true) {
      Token token = tokens.next();
      switch (token.kind()) {
        case TEXT -> statements.add(new Statement.Text(token.text()));
        case PRINT_BEGIN -> statements.add(print(token.line()));
        case TAG_BEGIN -> {
          if (tokens.peek().is(Kind.NAME) && ends.contains(tokens.peek().text())) {
            tokens.leave();
            return List.copyOf(statements);
          }
          statements.add(tag());
        }
        default -> {
          if (!ends.isEmpty()) {
            throw new Fault(token.line(), "expected one of %s, found the end".formatted(ends));
          }
          return List.copyOf(statements);
        }
      }
    }
  }

  private Statement print(int line) {
    Expression value = Printed.of(expressions.tuple());
    tokens.expect(Kind.PRINT_END, "'}}'");
    return new Statement.Print(line, value);
  }

  private Statement tag() {
    Token name = tokens.expect(Kind.NAME, "a tag's name");
    return switch (name.text()) {
      case "if" -> conditional(name.line());
      case "for" -> loop(name.line());
      case "set" -> assignment(name.line());
      case "macro" -> macro();
      case "generation" -> {
        endTag();
        yield new Statement.Generation(body("endgeneration"));
      }
      case "break" -> jump(name, new Statement.Break());
      case "continue" -> jump(name, new Statement.Continue());
      default -> throw Vocabulary.tag(name);
    };
  }

  private Statement conditional(int line) {
    List<Branch> branches = new ArrayList<>();
    List<Statement> otherwise = List.of();
    int at = line;
    while (true) {
      Expression test = expressions.tuple();
      endTag();
      branches.add(new Branch(at, test, until(Set.of("elif", "else", "endif"))));
      Token end = tokens.next();
      at = end.line();
      if (end.isName("elif")) {
        continue;
      }
      if (end.isName("else")) {
        endTag();
        otherwise = until(Set.of("endif"));
        tokens.next();
      }
      endTag();
      return new Statement.If(List.copyOf(branches), otherwise);
    }
  }

  private Statement loop(int line) {
    List<String> names = names();
    tokens.expectName("in");
    Expression items = items();
    Optional<Expression> condition =
        tokens.skipName("if") ? Optional.of(expressions.expression()) : Optional.empty();
    if (tokens.peek().isName("recursive")) {
      throw Fault.unsupported(line, "a recursive loop");
    }
    endTag();
    loops++;
    List<Statement> body = until(Set.of("else", "endfor"));
    loops--;
    List<Statement> otherwise = List.of();
    if (tokens.next().isName("else")) {
      endTag();
      otherwise = until(Set.of("endfor"));
      tokens.next();
    }
    endTag();
    return new Statement.For(line, names, items, condition, body, otherwise);
  }

  /** What a loop goes over; {@code if} behind it is the loop's. */
  private Expression items() {
    Expression first = expressions.disjunction();
    if (!tokens.peek().isOperator(",")) {
      return first;
    }
    List<Expression> items = new ArrayList<>(List.of(first));
    while (tokens.skipOperator(",") && !tokens.peek().is(Kind.TAG_END)) {
      items.add(expressions.disjunction());
    }
    return new Expression.Listing(List.copyOf(items), true);
  }

  private Statement assignment(int line) {
    Target target;
    if (tokens.peekSecond().isOperator(".")) {
      String namespace = tokens.newName();
      tokens.expectOperator(".");
      target = new Target.Member(namespace, tokens.expect(Kind.NAME, "a name").text());
    } else {
      target = new Target.Names(names());
    }
    if (tokens.skipOperator("=")) {
      Expression value = expressions.tuple();
      endTag();
      return new Statement.Assign(line, target, value);
    }
    if (tokens.peek().isOperator("|")) {
      throw Fault.unsupported(line, "a filter on the tag 'set'");
    }
    endTag();
    return new Statement.Capture(line, target, body("endset"));
  }

  private List<String> names() {
    boolean bracketed = tokens.skipOperator("(");
    List<String> names = new ArrayList<>(List.of(tokens.newName()));
    while (tokens.skipOperator(",")) {
      names.add(tokens.newName());
    }
    if (bracketed) {
      tokens.expectOperator(")");
    }
    return List.copyOf(names);
  }

  private Statement macro() {
    String name = tokens.newName();
    tokens.expectOperator("(");
    List<Parameter> parameters = new ArrayList<>();
    while (!tokens.skipOperator(")")) {
      if (!parameters.isEmpty()) {
        tokens.expectOperator(",");
      }
      String parameter = tokens.newName();
      parameters.add(
          new Parameter(
              parameter,
              tokens.skipOperator("=") ? Optional.of(expressions.expression()) : Optional.empty()));
    }
    endTag();
    int outer = loops;
    loops = 0;
    List<Statement> body = body("endmacro");
    loops = outer;
    return new Statement.Macro(name, List.copyOf(parameters), body);
  }

  private Statement jump(Token name, Statement statement) {
    if (loops == 0) {
      throw new Fault(name.line(), name.shown() + " outside a loop");
    }
    endTag();
    return statement;
  }

  private List<Statement> body(String end) {
    List<Statement> body = until(Set.of(end));
    tokens.next();
    if (end.equals("endmacro") && tokens.peek().is(Kind.NAME)) {
      tokens.next();
    }
    endTag();
    return body;
  }

  private void endTag() {
    tokens.expect(Kind.TAG_END, "'%}'");
  }
}
