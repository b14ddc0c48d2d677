package dev.preamble.onnx.packed;

import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import java.util.Optional;

/**
 * The last product of a model, logits = factor * input weight, where nothing stands between it and
 * the logits.
 *
 * @param input [1, n, H]
 * @param weight [H, V], or [V, H] if {@code transposed}
 */
record LanguageHead(Value input, Value weight, boolean transposed, float factor) {

  /** The product that gives {@code logits}, if it is one of a frozen matrix in real numbers. */
  static Optional<LanguageHead> of(GraphEditor editor, Value logits) {
    return Optional.ofNullable(editor.producers().get(logits.name()))
        .filter(node -> isProduct(node) && editor.constant(node.input(1)).isPresent())
        .map(
            node ->
                new LanguageHead(
                    editor.value(node.input(0)),
                    editor.value(node.input(1)),
                    node.integer("transB", 0) != 0,
                    node.real("alpha", 1)));
  }

  private static boolean isProduct(Node node) {
    return node.key().equals("MatMul")
        || (node.key().equals("com.microsoft:FusedMatMul") && node.integer("transA", 0) == 0);
  }

  /** The logits. */
  Value logits(Ops ops) {
    return ops.matMul(input, false, weight, transposed, factor);
  }

  /** d(loss)/d(input) for {@code upstream}, d(loss)/d(logits). */
  Value back(Value upstream, Ops ops) {
    return ops.matMul(upstream, false, weight, !transposed, factor);
  }
}
