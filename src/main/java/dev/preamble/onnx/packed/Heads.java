package dev.preamble.onnx.packed;

import static dev.preamble.onnx.packed.PackedLayout.P;

import dev.preamble.onnx.Ops;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.util.List;
import java.util.Optional;

/**
 * How one attention's queries, keys and values are laid out for its products: K key/value heads of
 * D elements lead, and the {@code group} query heads that read one of them follow each other in
 * front of the positions. Keys and values are laid out like queries of a group of 1.
 */
record Heads(Ops ops, HeadPlaces places, int kvHeads, int group, int headSize) {

  /** [..., N or P, heads * D], the prompt's rows first, to those as [K, heads / K * P, D]. */
  Value ofPrompt(Value packed) {
    return ofPrompt(packed, whole(packed));
  }

  /** As above of the heads that {@code part} names. */
  Value ofPrompt(Value packed, HeadPlaces.Part part) {
    return ops.gather(flat(packed), places.ofPrompt(part), 0);
  }

  /**
   * [1, N, heads * D] to the text's rows [K, B, heads / K * S, D]; empty slots hold some row's
   * values.
   */
  Value ofText(Value packed) {
    return ofText(packed, whole(packed));
  }

  /** As above of the heads that {@code part} names. */
  Value ofText(Value packed, HeadPlaces.Part part) {
    return ops.gather(flat(packed), places.ofText(part), 0);
  }

  private HeadPlaces.Part whole(Value packed) {
    return HeadPlaces.Part.whole(kvHeads, perKvHead(packed));
  }

  /** As {@link #ofText} with zeros in the empty slots. */
  Value ofTextZeroed(Value packed) {
    Value text = ofText(packed);
    return ops.mul(text, ops.cast(places.filled(perKvHead(packed)), text.type()));
  }

  /**
   * The opposite of {@link #ofPrompt} and {@link #ofText} together.
   *
   * @param prompt [K, {@code perKvHead} * P, D], where the prompt is in the sequence
   * @param text [K, B, {@code perKvHead} * S, D]
   * @param shape what the result has, [1, N, heads * D]
   */
  Value packed(Optional<Value> prompt, Value text, int perKvHead, Shape shape) {
    Value textRows = flat(text);
    Value all = prompt.map(rows -> ops.concat(0, flat(rows), textRows)).orElse(textRows);
    Value gathered = ops.gather(all, places.packed(kvHeads, perKvHead), 0);
    return ops.reshape(gathered, shape, 1, -1, width(kvHeads * perKvHead));
  }

  /**
   * The opposite of {@link #ofPrompt} and {@link #ofText} for all {@code parts} of one value.
   *
   * @param rows of each part those of the prompt, where it is in the sequence, and of the text
   * @param shape what the result has, [1, N, heads of all parts * D]
   */
  Value packed(List<Value> rows, List<HeadPlaces.Part> parts, Shape shape) {
    Value all = ops.concat(0, rows.stream().map(this::flat).toArray(Value[]::new));
    Value gathered = ops.gather(all, places.joined(parts), 0);
    return ops.reshape(gathered, shape, 1, -1, shape.at(-1).size());
  }

  /** The prompt's rows alone, [K, {@code perKvHead} * P, D] to [P, heads * D]. */
  Value toPrompt(Value prompt, int perKvHead) {
    long width = width(kvHeads * perKvHead);
    Value split =
        ops.reshape(
            prompt, Shape.of(kvHeads, perKvHead, P, headSize), kvHeads, perKvHead, -1, headSize);
    return ops.reshape(ops.transpose(split, 2, 0, 1, 3), Shape.of(P, width), -1, width);
  }

  /** [K, B, g * S, last] to [K, B * g * S, last], the last size known. */
  Value joinRows(Value perRow) {
    long last = perRow.shape().at(-1).size();
    return ops.reshape(perRow, Shape.of(kvHeads, "B*" + perRow.shape().at(2), last), 0, -1, last);
  }

  /** One row a head: [..., heads * D] to [rows, D]. */
  private Value flat(Value value) {
    return ops.reshape(value, Shape.of("rows of " + value.shape(), headSize), -1, headSize);
  }

  /** Heads of {@code packed}, [..., heads * D], for each key/value head. */
  int perKvHead(Value packed) {
    return Math.toIntExact(packed.shape().at(-1).size() / headSize / kvHeads);
  }

  /** Elements of {@code heads} heads. */
  private long width(int heads) {
    return (long) heads * headSize;
  }
}
