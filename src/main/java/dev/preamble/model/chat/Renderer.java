package dev.preamble.model.chat;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;

/** Renders statements. One rendering's, used by one thread. */
final class Renderer {
  /** How a list of statements ended. */
  private enum Flow {
    ON,
    BREAK,
    CONTINUE
  }

  private final Evaluator evaluator;
  private final Budget budget;
  private StringBuilder out = new StringBuilder();
  private int line;

  Renderer(Evaluator evaluator) {
    this.evaluator = evaluator;
    this.budget = evaluator.budget();
  }

  /** The text that {@code statements} give with the variables of {@code scope}. */
  String render(List<Statement> statements, Scope scope) {
    run(statements, scope);
    return out.toString();
  }

  /** The line of the statement that is being rendered. */
  int line() {
    return line;
  }

  private Flow run(List<Statement> statements, Scope scope) {
    budget.enter();
    Flow flow = Flow.ON;
    for (int i = 0; i < statements.size() && flow == Flow.ON; i++) {
      budget.step();
      flow = run(statements.get(i), scope);
    }
    budget.leave();
    return flow;
  }

  private Flow run(Statement statement, Scope scope) {
    switch (statement) {
      case Statement.Text text -> write(text.text());
      case Statement.Print print -> {
        line = print.line();
        write(evaluator.text(print.value(), scope));
      }
      case Statement.If conditional -> {
        return conditional(conditional, scope);
      }
      case Statement.For loop -> {
        return loop(loop, scope);
      }
      case Statement.Assign assign -> {
        line = assign.line();
        assign(assign.target(), evaluator.value(assign.value(), scope), scope);
      }
      case Statement.Capture capture -> {
        line = capture.line();
        Value text = new Value.Text(captured(() -> run(capture.body(), scope.inner())));
        assign(capture.target(), text, scope);
      }
      case Statement.Macro macro -> scope.set(macro.name(), macro(macro, scope));
      case Statement.Generation generation -> {
        return run(generation.body(), scope.inner());
      }
      case Statement.Break jump -> {
        return Flow.BREAK;
      }
      case Statement.Continue jump -> {
        return Flow.CONTINUE;
      }
    }
    return Flow.ON;
  }

  private void write(String text) {
    budget.grow(out.length(), text.length());
    out.append(text);
  }

  private Flow conditional(Statement.If conditional, Scope scope) {
    for (Statement.Branch branch : conditional.branches()) {
      line = branch.line();
      if (evaluator.isTrue(branch.test(), scope)) {
        return run(branch.body(), scope);
      }
    }
    return run(conditional.otherwise(), scope);
  }

  /** As in Jinja, {@code else} follows unless some pass came to the end of its body. */
  private Flow loop(Statement.For loop, Scope scope) {
    line = loop.line();
    List<Value> items = Types.list(evaluator.value(loop.items(), scope), budget);
    if (loop.condition().isPresent()) {
      List<Value> kept = new ArrayList<>();
      for (Value item : items) {
        budget.step();
        Scope each = scope.inner();
        spread(loop.names(), item, each);
        if (evaluator.isTrue(loop.condition().get(), each)) {
          kept.add(item);
        }
      }
      items = kept;
    }
    Loop state = new Loop(items);
    boolean finished = false;
    for (Value item : items) {
      budget.step();
      state.next();
      Scope pass = scope.inner();
      pass.set("loop", new Value.Looping(state));
      line = loop.line();
      spread(loop.names(), item, pass);
      Flow flow = run(loop.body(), pass);
      if (flow == Flow.BREAK) {
        break;
      }
      finished |= flow == Flow.ON;
    }
    return finished ? Flow.ON : run(loop.otherwise(), scope.inner());
  }

  private void assign(Statement.Target target, Value value, Scope scope) {
    switch (target) {
      case Statement.Target.Names names -> spread(names.names(), value, scope);
      case Statement.Target.Member member -> {
        Value owner = scope.find(member.namespace()).orElse(Value.NONE);
        if (!(owner instanceof Value.Namespace namespace)) {
          throw new Fault("'%s' is no namespace".formatted(member.namespace()));
        }
        namespace.entries().put(member.attribute(), value);
      }
    }
  }

  /** Gives {@code value} to a name, or its items to several. */
  private void spread(List<String> names, Value value, Scope scope) {
    if (names.size() == 1) {
      scope.set(names.getFirst(), value);
      return;
    }
    List<Value> items = Types.list(value, budget);
    if (items.size() != names.size()) {
      throw new Fault("expected %d values, found %d".formatted(names.size(), items.size()));
    }
    Iterator<Value> rest = items.iterator();
    Consumer<String> set = name -> scope.set(name, rest.next());
    names.forEach(set);
  }

  private String captured(Runnable body) {
    StringBuilder outer = out;
    out = new StringBuilder();
    body.run();
    String text = out.toString();
    out = outer;
    return text;
  }

  /** A macro sees the variables around its definition as they are when it is called. */
  private Value macro(Statement.Macro macro, Scope around) {
    String[] names =
        macro.parameters().stream().map(Statement.Parameter::name).toArray(String[]::new);
    return new Value.Callable(
        macro.name(),
        (arguments, caller) -> {
          Arguments.Bound bound = arguments.bind("macro " + macro.name(), names);
          budget.enter();
          int callLine = line;
          Scope scope = around.inner();
          for (Statement.Parameter parameter : macro.parameters()) {
            scope.set(
                parameter.name(),
                bound.find(parameter.name()).orElseGet(() -> standard(parameter, scope)));
          }
          String text = captured(() -> run(macro.body(), scope));
          line = callLine;
          budget.leave();
          return new Value.Text(text);
        });
  }

  private Value standard(Statement.Parameter parameter, Scope scope) {
    return parameter
        .standard()
        .map(expression -> evaluator.value(expression, scope))
        .orElseGet(() -> new Value.Undefined("the parameter '" + parameter.name() + "'"));
  }
}
