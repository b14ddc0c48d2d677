package dev.preamble.onnx;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The weight of a {@code com.microsoft:MatMulNBits} node, whose rows are cut into blocks that share
 * a scale: (code - zero point) * scale, the zero point being half the codes' range when none is
 * given. A product with the weight itself, as a backward pass needs it, reads the same stored codes
 * through DequantizeLinear, block by block as the operator defines them, so it is exact; the rows
 * are real numbers for the time of that product only, since ONNX Runtime folds no DequantizeLinear.
 */
public final class QuantisedWeight {
  private final GraphEditor editor;
  private final Ops ops;
  private final Node node;
  private final Constant codes;
  private final int bits;
  private final long rows;
  private final long columns;
  private final long blockSize;
  private final long blocks;

  /**
   * The weight of {@code node}.
   *
   * @throws GraphException if it is stored in a form that no exporter of ours writes
   */
  public QuantisedWeight(GraphEditor editor, Node node) {
    this.editor = editor;
    this.ops = new Ops(editor);
    this.node = node;
    bits = Math.toIntExact(node.integer("bits", 4));
    rows = node.integer("N", 0);
    columns = node.integer("K", 0);
    blockSize = node.integer("block_size", 32);
    blocks = Math.ceilDiv(columns, blockSize);
    require(bits == 4 || bits == 8, "4 or 8 bits a weight");
    require(!node.has(4), "blocks in the order of the columns");
    codes = constant(1);
  }

  /**
   * The weight in real numbers, [N, K].
   *
   * @param purpose parts of a graph that name different ones do not share the result, which
   *     therefore need not live from one to the other
   */
  public Value values(String purpose) {
    long padded = blocks * blockSize;
    Value stored = view(codes, codes.name() + ":" + purpose, padded);
    Value scale = ops.reshape(editor.value(node.input(2)), Shape.of(rows, blocks), rows, blocks);
    Value all =
        ops.emit(
            "",
            "DequantizeLinear",
            scale.type(),
            Shape.of(rows, padded),
            Map.of("axis", new Attribute.Int(1), "block_size", new Attribute.Int(blockSize)),
            stored,
            scale,
            zeroPoints());
    return padded == columns
        ? all
        : ops.slice(all, 1, ops.longs(0), ops.longs(columns), Shape.Dimension.of(columns));
  }

  /**
   * The same product with the weight in real numbers, for nodes that round their input to 8 bits
   * ({@code accuracy_level} 4) where the gradient should be that of the very function computed.
   */
  public Node exact(Value weight) {
    Map<String, Attribute> attributes =
        Map.of(
            "transA", new Attribute.Int(0),
            "transB", new Attribute.Int(1),
            "alpha", new Attribute.Real(1));
    require(!node.has(5), "no bias within the product");
    return new Node(
        Node.CONTRIB,
        "FusedMatMul",
        List.of(node.input(0), weight.name()),
        node.outputs(),
        attributes);
  }

  private Value zeroPoints() {
    if (node.has(3)) {
      Constant given = constant(3);
      require(given.type() == DataType.UINT8, "zero points in whole numbers");
      require(bits == 8 || blocks % 2 == 0, "an even number of blocks beside zero points");
      return view(given, given.name() + ":points", blocks);
    }
    byte[] middle = new byte[Math.toIntExact(type().bytesOf(Math.multiplyExact(rows, blocks)))];
    Arrays.fill(middle, (byte) (bits == 4 ? 0x88 : 0x80));
    return editor.constant(
        new Constant(
            "middle:%d:%d:%d".formatted(bits, rows, blocks),
            type(),
            List.of(rows, blocks),
            new Constant.Inline(middle)));
  }

  /** The same bytes as whole numbers of the weight's bits, [N, {@code width}]. */
  private Value view(Constant constant, String name, long width) {
    return editor.constant(new Constant(name, type(), List.of(rows, width), constant.data()));
  }

  private DataType type() {
    return bits == 4 ? DataType.UINT4 : DataType.UINT8;
  }

  private Constant constant(int index) {
    return editor
        .constant(node.input(index))
        .orElseThrow(
            () ->
                new GraphException(
                    "Node %s: its gradient needs input %d to be a constant"
                        .formatted(node, index)));
  }

  private void require(boolean holds, String expected) {
    if (!holds) {
      throw new GraphException(
          "Node %s: a quantised product has a gradient for %s; export the model again"
              .formatted(node, expected));
    }
  }
}
