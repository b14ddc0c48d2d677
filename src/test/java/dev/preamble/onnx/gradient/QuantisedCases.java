package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Attribute;
import dev.preamble.onnx.Constant;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;

/** Cases of products with weights of 4 and 8 bits in blocks of 16. */
final class QuantisedCases {
  private static final int ROWS = 6;
  private static final int BLOCK = 16;

  private QuantisedCases() {}

  static List<RuleCase> all() {
    List<RuleCase> cases = new ArrayList<>();
    for (int bits : new int[] {4, 8}) {
      cases.add(of(bits, "", product(bits, 32, false)));
      cases.add(of(bits, ", zero points", product(bits, 32, true)));
      cases.add(of(bits, ", a last block that is not full", product(bits, 40, false)));
      cases.add(
          new RuleCase(
              "com.microsoft:FusedMatMul",
              "with a weight of %d bits behind DequantizeLinear".formatted(bits),
              graph -> dequantised(graph, bits)));
    }
    return cases;
  }

  private static RuleCase of(int bits, String variant, Function<TinyGraph, Value> build) {
    return new RuleCase("com.microsoft:MatMulNBits", bits + " bits" + variant, build);
  }

  private static Function<TinyGraph, Value> product(int bits, int columns, boolean points) {
    return graph -> {
      int blocks = Math.ceilDiv(columns, BLOCK);
      Value x = graph.trainable(2, 3, columns);
      List<Value> inputs = new ArrayList<>(List.of(x));
      inputs.add(bytes(graph, "codes", ROWS, blocks, BLOCK * bits / 8));
      inputs.add(scales(graph, ROWS, blocks));
      if (points) {
        inputs.add(bytes(graph, "points", ROWS, blocks * bits / 8));
      }
      Map<String, Attribute> attributes =
          Map.of(
              "K", new Attribute.Int(columns),
              "N", new Attribute.Int(ROWS),
              "bits", new Attribute.Int(bits),
              "block_size", new Attribute.Int(BLOCK));
      return graph.ops.emit(
          Node.CONTRIB,
          "MatMulNBits",
          DataType.FLOAT,
          Shape.of(2, 3, ROWS),
          attributes,
          inputs.toArray(Value[]::new));
    };
  }

  /** A frozen weight that a graph holds quantised in the standard's own operator. */
  private static Value dequantised(TinyGraph graph, int bits) {
    Constant codes = constant("weight", bits == 4 ? DataType.UINT4 : DataType.UINT8, ROWS, 32);
    Map<String, Attribute> attributes =
        Map.of("axis", new Attribute.Int(1), "block_size", new Attribute.Int(BLOCK));
    Value weight =
        graph.emit(
            "DequantizeLinear",
            Shape.of(ROWS, 32),
            attributes,
            graph.editor.constant(codes),
            scales(graph, ROWS, 2));
    return graph.ops.matMul(graph.trainable(2, 32), false, weight, true, 1);
  }

  private static Value bytes(TinyGraph graph, String name, long... shape) {
    return graph.editor.constant(constant(name, DataType.UINT8, shape));
  }

  private static Constant constant(String name, DataType type, long... shape) {
    List<Long> dimensions = java.util.stream.LongStream.of(shape).boxed().toList();
    long elements = dimensions.stream().reduce(1L, Math::multiplyExact);
    byte[] values = new byte[Math.toIntExact(type.bytesOf(elements))];
    new Random(5).nextBytes(values);
    return new Constant(name, type, dimensions, new Constant.Inline(values));
  }

  private static Value scales(TinyGraph graph, long... shape) {
    Random random = new Random(6);
    int count = Math.toIntExact(shape[0] * shape[1]);
    ByteBuffer values = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      values.putFloat(random.nextFloat(0.001f, 0.01f));
    }
    return graph.editor.constant(
        new Constant(
            "scales",
            DataType.FLOAT,
            List.of(shape[0], shape[1]),
            new Constant.Inline(values.array())));
  }
}
