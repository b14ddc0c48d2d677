package dev.preamble.onnx.packed;

import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Value;
import dev.preamble.onnx.gradient.Backward;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Heads of queries, keys and values that one product gives and a Split takes apart, as in GPT-2:
 * they are gathered from the whole instead, and their derivatives into it, so that neither is
 * copied once more.
 *
 * @param whole [1, N, heads of all parts * D]
 * @param parts which of its heads are queries, keys and values
 */
record JoinedHeads(Heads heads, Value whole, List<HeadPlaces.Part> parts) {

  /** Those that {@code values}, [1, N, heads * D] each, are the parts of, if they are of one. */
  static Optional<JoinedHeads> of(GraphEditor editor, Heads heads, List<Value> values) {
    List<String> names = values.stream().map(Value::name).toList();
    return Optional.ofNullable(editor.producers().get(names.getFirst()))
        .filter(node -> node.key().equals("Split") && node.outputs().equals(names))
        .filter(node -> Math.floorMod(node.integer("axis", 0), 3) == 2)
        .map(node -> of(heads, editor.value(node.input(0)), values));
  }

  private static JoinedHeads of(Heads heads, Value whole, List<Value> values) {
    int all = heads.perKvHead(whole) * heads.kvHeads();
    List<HeadPlaces.Part> parts = new ArrayList<>();
    int before = 0;
    for (Value value : values) {
      HeadPlaces.Part part =
          new HeadPlaces.Part(heads.kvHeads(), heads.perKvHead(value), before, all);
      parts.add(part);
      before += part.heads();
    }
    return new JoinedHeads(heads, whole, parts);
  }

  /** The prompt's rows of part {@code index} as {@link Heads#ofPrompt} lays them out. */
  Value ofPrompt(int index) {
    return heads.ofPrompt(whole, parts.get(index));
  }

  /** The text's rows of part {@code index} as {@link Heads#ofText} lays them out. */
  Value ofText(int index) {
    return heads.ofText(whole, parts.get(index));
  }

  /**
   * Gives the whole its derivative.
   *
   * @param prompt of each part the prompt's rows, where the prompt is in the sequence
   * @param text of each part the text's rows
   */
  void give(Backward backward, List<Optional<Value>> prompt, List<Value> text) {
    if (backward.hasLeadingRowsAlone(whole)) {
      Value[] rows =
          IntStream.range(0, parts.size())
              .mapToObj(i -> heads.toPrompt(prompt.get(i).orElseThrow(), parts.get(i).perKvHead()))
              .toArray(Value[]::new);
      Ops ops = heads.ops();
      backward.give(whole, ops.unsqueeze(ops.concat(1, rows), 0));
    } else if (backward.wants(whole)) {
      List<Value> rows = new ArrayList<>();
      for (int i = 0; i < parts.size(); i++) {
        prompt.get(i).ifPresent(rows::add);
        rows.add(text.get(i));
      }
      backward.give(whole, heads.packed(rows, parts, whole.shape()));
    }
  }
}
