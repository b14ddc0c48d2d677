package dev.preamble.onnx.packed;

import dev.preamble.onnx.Constant;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.gradient.Backward;
import dev.preamble.onnx.gradient.Composite;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The loss of {@link CrossEntropy} and its derivative by the LM head's input, in kernels that go
 * through the vocabulary block by block: the logits of one block alone are there at a time, and
 * their exponentials take their place. With e_j = exp(z_j - m) and S their sum, the derivative by
 * the input is w / S (sum over j other than the label of e_j W_j - (sum of those e_j) W_label): a
 * label that is all but certain is not a difference of large numbers.
 */
final class BlockedCrossEntropy implements Composite {
  /**
   * Logits of a block, so few that they and the weights that made them stay in the processor's last
   * cache.
   */
  private static final long LOGITS = 1 << 23;

  /** Vocabulary entries of a block at least, so that its own cost does not show. */
  private static final long LEAST_WIDTH = 8192;

  /** Numbers of a row's state between blocks. */
  private static final long STATE = 4;

  private final Ops ops;
  private final LanguageHead head;
  private final Value labels;
  private final Value sum;
  private final Value slopes;
  private final Value loss;

  private BlockedCrossEntropy(
      GraphEditor editor, LanguageHead head, Constant weight, Optional<Value> bias, long width) {
    this.ops = new Ops(editor);
    this.head = head;
    Shape.Dimension n = head.input().shape().at(1);
    labels = editor.input(PackedGraph.LABELS, DataType.INT64, n);
    Value weights = editor.input(PackedGraph.LABEL_WEIGHTS, DataType.FLOAT, n);
    long vocabulary = weight.dimensions().getFirst();
    long blocks = Math.ceilDiv(vocabulary, width);
    Value input = head.input();
    Optional<Value> total = Optional.empty();
    Optional<Value> state = Optional.empty();
    for (long block = 0; block < blocks; block++) {
      long from = vocabulary * block / blocks;
      long count = vocabulary * (block + 1) / blocks - from;
      Constant rows = weight.slices(editor.fresh(weight.name()), from, count);
      LanguageHead part = new LanguageHead(input, editor.constant(rows), true, head.factor());
      Value logits = part.logits(ops);
      Value scores = bias.map(each -> ops.add(logits, entries(each, from, count))).orElse(logits);
      List<Value> inputs = new ArrayList<>(List.of(scores, ops.sub(labels, ops.scalar(from))));
      state.ifPresent(inputs::add);
      List<Value> found =
          ops.kernel(
              "LogitBlock",
              List.of(scores.shape(), Shape.of(n, STATE)),
              inputs.toArray(Value[]::new));
      Value product = part.back(found.getFirst(), ops);
      Value after = found.get(1);
      total =
          Optional.of(
              total
                  .map(before -> ops.kernel("LogitSum", product.shape(), before, product, after))
                  .orElse(product));
      state = Optional.of(after);
      input = ops.kernel("Behind", input.shape(), input, total.get());
    }
    sum = total.orElseThrow();
    List<Value> losses =
        ops.kernel("LogitLoss", List.of(Shape.of(n), Shape.of(n, 2)), state.orElseThrow(), weights);
    loss = ops.sum(losses.getFirst());
    slopes = losses.get(1);
  }

  /**
   * The loss of {@code logits}, if they are what a head of weights [V, H] gives and kernels may be
   * used.
   *
   * @param bias float [V], added to them
   * @param labels how many rows the logits have at most: the fewer, the wider the blocks
   */
  static Optional<Composite> of(
      GraphEditor editor, Value logits, Optional<Value> bias, int labels) {
    long width = Math.max(LOGITS / labels, LEAST_WIDTH);
    Ops ops = new Ops(editor);
    return LanguageHead.of(editor, logits)
        .filter(head -> head.transposed() && ops.hasKernelsFor(head.input(), head.weight()))
        .flatMap(
            head ->
                editor
                    .constant(head.weight().name())
                    .map(weight -> new BlockedCrossEntropy(editor, head, weight, bias, width)));
  }

  private Value entries(Value bias, long from, long count) {
    return ops.slice(bias, 0, ops.longs(from), ops.longs(from + count), Shape.Dimension.of(count));
  }

  @Override
  public Value output() {
    return loss;
  }

  @Override
  public void differentiate(Value upstream, Backward backward) {
    Value all = ops.mul(sum, slope(0, upstream, 1));
    Value ofLabels = ops.unsqueeze(ops.gather(head.weight(), labels, 0), 0);
    Value label = ops.mul(ofLabels, slope(1, upstream, head.factor()));
    backward.give(head.input(), ops.add(all, label));
  }

  /** Column {@code index} of the slopes, [1, n, 1], times both factors. */
  private Value slope(long index, Value upstream, float factor) {
    Value column =
        ops.slice(slopes, 1, ops.longs(index), ops.longs(index + 1), Shape.Dimension.of(1));
    Value scaled = ops.mul(column, upstream);
    return ops.unsqueeze(factor == 1 ? scaled : ops.mul(scaled, ops.real(factor)), 0);
  }
}
