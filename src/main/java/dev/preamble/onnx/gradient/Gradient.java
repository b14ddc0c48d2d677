package dev.preamble.onnx.gradient;

import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Value;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Reverse-mode differentiation. Only nodes that depend on a trainable value <em>and</em> lead to
 * the loss are differentiated; everything else is a constant of the backward pass, so a frozen
 * weight costs one product for the activation's gradient and none for its own.
 */
public final class Gradient {
  private final GraphEditor editor;
  private final Map<String, Composite> composites;

  private Gradient(GraphEditor editor, Collection<? extends Composite> composites) {
    this.editor = editor;
    this.composites =
        composites.stream()
            .collect(Collectors.toMap(each -> each.output().name(), Function.identity()));
  }

  /**
   * Adds to {@code editor} the operations that give d({@code loss})/d({@code trainable}), and has
   * what leads to {@code loss} keep less for them where {@link FusedBias kernels} may.
   *
   * @param loss a scalar
   * @param trainable the values to differentiate with respect to
   * @param composites parts of the graph that bring their own derivative
   * @param start a sequence that all that is trainable passes through, by its first rows alone
   * @return one gradient for each of {@code trainable}, of its shape
   * @throws GraphException if an operator on the way has no rule, or a trainable value does not
   *     reach the loss
   */
  public static List<Value> of(
      GraphEditor editor,
      Value loss,
      List<Value> trainable,
      Collection<? extends Composite> composites,
      Optional<TrainableStart> start) {
    return new Gradient(editor, composites).compute(loss, trainable, start);
  }

  private List<Value> compute(Value loss, List<Value> trainable, Optional<TrainableStart> start) {
    FusedBias.in(editor, loss);
    List<Node> forward = editor.finish(List.of(loss)).nodes();
    Optional<LeadingRows> leading =
        start.map(each -> new LeadingRows(editor, each, forward, composites.keySet()));
    Backward backward = new Backward(editor, dependents(forward, trainable), leading);
    backward.give(loss, backward.ops().real(1));
    for (Node node : forward.reversed()) {
      differentiate(node, backward);
    }
    return trainable.stream()
        .map(
            value ->
                backward
                    .total(value.name())
                    .orElseThrow(
                        () ->
                            new GraphException(
                                "Trainable value %s does not reach %s"
                                    .formatted(value.name(), loss.name()))))
        .toList();
  }

  private void differentiate(Node node, Backward backward) {
    backward.enter(node);
    String output = node.outputs().getFirst();
    Composite composite = composites.get(output);
    if (composite != null) {
      backward.total(output).ifPresent(upstream -> composite.differentiate(upstream, backward));
    } else {
      for (int i = 0; i < node.outputs().size(); i++) {
        int index = i;
        Optional.of(node.output(i))
            .filter(name -> !name.isEmpty())
            .flatMap(backward::total)
            .filter(upstream -> node.inputs().stream().anyMatch(backward::wantsNamed))
            .ifPresent(upstream -> rule(node).differentiate(node, index, upstream, backward));
      }
    }
  }

  private static GradientRule rule(Node node) {
    GradientRule rule = GradientRules.TABLE.get(node.key());
    if (rule == null) {
      throw new GraphException(
          "Operator %s has no gradient; node %s lies between a trainable value and the loss. Known: %s"
              .formatted(node.key(), node, new java.util.TreeSet<>(GradientRules.TABLE.keySet())));
    }
    return rule;
  }

  private static Set<String> dependents(List<Node> forward, List<Value> trainable) {
    Set<String> dependents = new HashSet<>();
    trainable.forEach(value -> dependents.add(value.name()));
    for (Node node : forward) {
      if (node.inputs().stream().anyMatch(dependents::contains)) {
        dependents.addAll(node.outputs());
      }
    }
    dependents.remove("");
    return dependents;
  }
}
