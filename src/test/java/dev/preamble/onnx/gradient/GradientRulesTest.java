package dev.preamble.onnx.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.onnx.Attribute;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphException;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Operators;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every rule of the table against central differences of the operator itself. */
class GradientRulesTest {
  /** Central differences of float32 outputs are good to about 1e-4 of the largest element. */
  private static final double LARGEST_ERROR = 1e-3;

  @Test
  void everyRuleHasACase() {
    Set<String> covered =
        cases().map(each -> each.key()).collect(Collectors.toCollection(TreeSet::new));
    assertEquals(new TreeSet<>(GradientRules.TABLE.keySet()), covered);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void equalsCentralDifferences(RuleCase example) {
    check(example, new TinyGraph());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void equalsCentralDifferencesWithKernels(RuleCase example) {
    check(example, new TinyGraph(Operators.KERNELS));
  }

  private static void check(RuleCase example, TinyGraph graph) {
    Value y = example.build().apply(graph);
    assertTrue(
        graph.editor.nodes().stream().anyMatch(node -> node.key().equals(example.key())),
        "the case runs the operator that it is for");
    double error = graph.gradientError(y);
    assertTrue(error <= LARGEST_ERROR, () -> "relative error " + error);
  }

  static Stream<RuleCase> cases() {
    return Stream.of(
            ElementwiseCases.all(),
            MovementCases.all(),
            ProductCases.all(),
            NormalisationCases.all(),
            QuantisedCases.all())
        .flatMap(List::stream);
  }

  @Test
  void anOperatorWithoutARuleIsRefusedByNameWithItsNode() {
    TinyGraph graph = new TinyGraph();
    Value x = graph.trainable(2, 3);
    Value y = graph.emit("Ceil", x.shape(), Map.of(), x);
    String message = refusal(graph, y);
    assertTrue(message.startsWith("Operator Ceil has no gradient; node Ceil[x0] -> "), message);
    assertTrue(message.contains("Known: [Abs, Add, Cast, "), message);
  }

  @Test
  void anOperatorWithoutARuleIsFineWhereNothingTrainableIsBehindIt() {
    TinyGraph graph = new TinyGraph();
    Value x = graph.trainable(2, 3);
    Value frozen = graph.frozen(2, 3);
    Value y = graph.ops.mul(x, graph.emit("Ceil", frozen.shape(), Map.of(), frozen));
    assertTrue(graph.gradientError(y) <= LARGEST_ERROR);
  }

  @Test
  void whatARuleCannotDoIsRefused() {
    TinyGraph graph = new TinyGraph();
    Value x = graph.trainable(4, 3);
    Map<String, Attribute> first = Map.of("axis", new Attribute.Int(0));
    assertRefused(graph, graph.emit("Softmax", x.shape(), first, x), "the last dimension");
    Value indices = graph.ops.unsqueeze(graph.ops.longs(0, 1), 0);
    assertRefused(graph, graph.ops.gather(x, indices, 0), "a vector of indices");
    Value everySecond =
        graph.emit(
            "Slice",
            Shape.of(2, 3),
            Map.of(),
            x,
            graph.ops.longs(0),
            graph.ops.longs(4),
            graph.ops.longs(0),
            graph.ops.longs(2));
    assertRefused(graph, everySecond, "step 1");
    Value power = graph.emit("Pow", x.shape(), Map.of(), x, graph.frozen(1));
    assertRefused(graph, power, "input 1 to be a constant");
    Value whole = graph.ops.cast(graph.ops.cast(x, DataType.INT32), DataType.FLOAT);
    assertRefused(graph, whole, "a cast has a gradient between real types, found INT32 to FLOAT");
    Value gain = graph.trainable(3);
    Value normal = graph.emit("SimplifiedLayerNormalization", x.shape(), Map.of(), x, gain);
    assertRefused(graph, normal, "input 1, which must be frozen");
  }

  @Test
  void aGradientThroughASecondOutputIsRefused() {
    TinyGraph graph = new TinyGraph();
    Value x = graph.trainable(2, 3);
    Value y = graph.editor.define("y", DataType.FLOAT, x.shape());
    Value inverse = graph.editor.define("inverse", DataType.FLOAT, Shape.of(2, 1));
    graph.editor.add(
        new Node(
            "",
            "SimplifiedLayerNormalization",
            List.of(x.name(), graph.frozen(3).name()),
            List.of(y.name(), inverse.name()),
            Map.of()));
    assertRefused(graph, graph.ops.add(y, inverse), "output inverse");
  }

  @Test
  void aTrainableValueThatDoesNotMatterIsRefused() {
    TinyGraph graph = new TinyGraph();
    Value x = graph.trainable(2, 3);
    graph.trainable(2);
    assertRefused(graph, graph.ops.mul(x, x), "does not reach");
  }

  private static void assertRefused(TinyGraph graph, Value y, String reason) {
    String message = refusal(graph, y);
    assertTrue(message.contains(reason), message);
  }

  private static String refusal(TinyGraph graph, Value y) {
    return assertThrows(GraphException.class, () -> graph.differentiate(y)).getMessage();
  }
}
