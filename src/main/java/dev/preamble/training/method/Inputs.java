package dev.preamble.training.method;

import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Value;
import java.util.ArrayList;
import java.util.List;

/** Declares a method's parameters as inputs of a graph. */
final class Inputs {
  /** PEFT's name of the rows that most methods have. */
  static final String EMBEDDING = "embedding.weight";

  /** The symbol of the number of virtual tokens. */
  static final String P = "P";

  private final GraphEditor editor;
  private final List<Value> trained = new ArrayList<>();

  Inputs(GraphEditor editor) {
    this.editor = editor;
  }

  /** A parameter that a gradient is wanted of. */
  Value trained(String name, Object... shape) {
    Value value = frozen(name, shape);
    trained.add(value);
    return value;
  }

  /** A parameter that stays as it is. */
  Value frozen(String name, Object... shape) {
    return editor.input(LearningMethod.input(name), DataType.FLOAT, shape);
  }

  /** The parameters declared as trained, in order. */
  List<Value> trained() {
    return trained;
  }
}
