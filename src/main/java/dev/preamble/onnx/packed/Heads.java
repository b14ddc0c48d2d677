package dev.preamble.onnx.packed;

import static dev.preamble.onnx.packed.PackedLayout.B;
import static dev.preamble.onnx.packed.PackedLayout.P;
import static dev.preamble.onnx.packed.PackedLayout.S;

import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;

/**
 * How one attention's queries, keys and values are laid out for its products: K key/value heads of
 * D elements lead, and the {@code group} query heads that read one of them follow each other in
 * front of the positions. Keys and values are laid out like queries of a group of 1.
 */
record Heads(Ops ops, int kvHeads, int group, int headSize) {

  /** [P, heads * D] to [K, heads / K * P, D]. */
  Value ofPrompt(Value rows) {
    long perKvHead = rows.shape().at(-1).size() / headSize / kvHeads;
    Value split =
        ops.reshape(
            rows, Shape.of(P, kvHeads, perKvHead, headSize), -1, kvHeads, perKvHead, headSize);
    Value turned = ops.transpose(split, 1, 2, 0, 3);
    Shape.Dimension joined = perKvHead == 1 ? P : Shape.Dimension.of(perKvHead + "*P");
    return ops.reshape(turned, Shape.of(kvHeads, joined, headSize), kvHeads, -1, headSize);
  }

  /** [K, {@code perKvHead} * P, D] to [P, heads * D]. */
  Value toPrompt(Value heads, int perKvHead) {
    Value split =
        ops.reshape(
            heads, Shape.of(kvHeads, perKvHead, P, headSize), kvHeads, perKvHead, -1, headSize);
    return ops.reshape(
        ops.transpose(split, 2, 0, 1, 3),
        Shape.of(P, width(kvHeads * perKvHead)),
        -1,
        width(kvHeads * perKvHead));
  }

  /** [B, S, heads * D] to [K, B, heads / K * S, D]. */
  Value ofText(Value slots) {
    long perKvHead = slots.shape().at(-1).size() / headSize / kvHeads;
    Value split =
        ops.reshape(
            slots,
            Shape.of(B, S, kvHeads, perKvHead, headSize),
            0,
            0,
            kvHeads,
            perKvHead,
            headSize);
    Value turned = ops.transpose(split, 2, 0, 3, 1, 4);
    Shape.Dimension joined = perKvHead == 1 ? S : Shape.Dimension.of(perKvHead + "*S");
    return ops.reshape(turned, Shape.of(kvHeads, B, joined, headSize), 0, 0, -1, headSize);
  }

  /** [K, B, {@code perKvHead} * S, D] to [B * S, heads * D]. */
  Value toText(Value heads, int perKvHead) {
    Value split =
        ops.reshape(
            heads, Shape.of(kvHeads, B, perKvHead, S, headSize), 0, 0, perKvHead, -1, headSize);
    return ops.reshape(
        ops.transpose(split, 1, 3, 0, 2, 4),
        Shape.of("B*S", width(kvHeads * perKvHead)),
        -1,
        width(kvHeads * perKvHead));
  }

  /** [K, B, g * S, last] to [K, B * g * S, last], the last size known. */
  Value joinRows(Value perRow) {
    long last = perRow.shape().at(-1).size();
    return ops.reshape(perRow, Shape.of(kvHeads, "B*g*S", last), 0, -1, last);
  }

  /** Elements of {@code heads} heads. */
  long width(int heads) {
    return (long) heads * headSize;
  }
}
