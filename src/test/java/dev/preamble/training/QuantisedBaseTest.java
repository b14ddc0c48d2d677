package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.Attribute;
import dev.preamble.onnx.Constant;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.Node;
import dev.preamble.safetensors.SafetensorsFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A prompt is tuned on a base whose linear layers are quantised by blocks: loss and gradient are
 * those of the float model that has the dequantised weights.
 */
class QuantisedBaseTest {
  private static final int BLOCK = 32;
  private static final double LARGEST_ERROR = 1e-4;

  /** A weight as blocks of codes with a scale each, and what they stand for. */
  private record Quantised(Constant codes, Constant scales, Constant values) {}

  @ParameterizedTest(name = "{0} bits, accuracy level {1}")
  @CsvSource({"4, 1", "4, 4", "8, 4", "8, 0"})
  void theGradientIsTheDequantisedModels(int bits, int accuracyLevel) {
    try (FrozenModel model = FrozenModel.open(Path.of("test-fixtures/stories260K"))) {
      Random random = new Random(bits);
      List<Example> batch =
          List.of(
              PeftRows.random(model, random, 11, 1),
              PeftRows.random(model, random, 0, 6),
              PeftRows.random(model, random, 24, 2));
      float[] rows = PeftRows.prompt(model, random, 5);
      GraphEditor quantised = new GraphEditor(model.graph());
      GraphEditor dequantised = new GraphEditor(model.graph());
      try (SafetensorsFile weights =
          SafetensorsFile.open(model.folder().resolve("model.safetensors"))) {
        for (Node product : model.graph().nodesOf(Node.CONTRIB + ":FusedMatMul")) {
          Constant weight = model.graph().constants().get(product.input(1));
          Quantised made = quantise(weight, weights.tensor(weight.name()).toFloats(), bits);
          replace(quantised, product, made, bits, accuracyLevel);
          dequantised.constant(made.values());
          dequantised.redirect(weight.name(), made.values().name());
        }
      }
      GraphRun.Result found = GraphRun.of(model, finished(quantised, model), rows, batch);
      GraphRun.Result expected = GraphRun.of(model, finished(dequantised, model), rows, batch);
      GraphRun.Result unquantised = GraphRun.of(model, model.graph(), rows, batch);
      double error = PeftRows.distance(found.gradient(), expected.gradient());
      System.out.printf(
          "[law 3] prompt-tuning %d-bit base, accuracy level %d: %.1e%n",
          bits, accuracyLevel, error);
      assertTrue(error <= LARGEST_ERROR, () -> "relative error " + error);
      assertEquals(expected.loss(), found.loss(), 1e-5 * expected.loss());
      assertTrue(
          PeftRows.distance(found.gradient(), unquantised.gradient()) > 10 * LARGEST_ERROR,
          "the quantised model is another than the float one");
    }
  }

  private static Graph finished(GraphEditor editor, FrozenModel model) {
    return editor.finish(
        model.graph().outputs(),
        model.graph().inputs().stream().map(input -> input.name()).toArray(String[]::new));
  }

  private static void replace(
      GraphEditor editor, Node product, Quantised weight, int bits, int accuracyLevel) {
    editor.constant(weight.codes());
    editor.constant(weight.scales());
    Map<String, Attribute> attributes =
        Map.of(
            "K", new Attribute.Int(weight.values().dimensions().get(1)),
            "N", new Attribute.Int(weight.values().dimensions().get(0)),
            "bits", new Attribute.Int(bits),
            "block_size", new Attribute.Int(BLOCK),
            "accuracy_level", new Attribute.Int(accuracyLevel));
    editor.remove(product);
    editor.add(
        new Node(
            Node.CONTRIB,
            "MatMulNBits",
            List.of(product.input(0), weight.codes().name(), weight.scales().name()),
            product.outputs(),
            attributes));
  }

  /** Blocks of a row share a scale; of two 4-bit codes in a byte the first is the lower half. */
  private static Quantised quantise(Constant weight, float[] values, int bits) {
    int rows = Math.toIntExact(weight.dimensions().get(0));
    int columns = Math.toIntExact(weight.dimensions().get(1));
    int blocks = Math.ceilDiv(columns, BLOCK);
    int middle = 1 << (bits - 1);
    byte[] codes = new byte[rows * blocks * BLOCK * bits / 8];
    ByteBuffer scales = floats(rows * blocks);
    ByteBuffer dequantised = floats(rows * columns);
    for (int row = 0; row < rows; row++) {
      for (int block = 0; block < blocks; block++) {
        int from = row * columns + block * BLOCK;
        int to = Math.min(from + BLOCK, (row + 1) * columns);
        float largest = 0;
        for (int i = from; i < to; i++) {
          largest = Math.max(largest, Math.abs(values[i]));
        }
        float scale = largest / (middle - 1);
        scales.putFloat(scale);
        for (int i = from; i < to; i++) {
          int code = Math.round(values[i] / scale) + middle;
          int place = (row * blocks + block) * BLOCK + i - from;
          codes[place * bits / 8] |= (byte) (bits == 8 ? code : code << 4 * (place % 2));
          dequantised.putFloat((code - middle) * scale);
        }
      }
    }
    String name = weight.name();
    return new Quantised(
        inline(name + ".codes", DataType.UINT8, codes, rows, blocks, BLOCK * bits / 8),
        inline(name + ".scales", DataType.FLOAT, scales.array(), rows, blocks),
        inline(name + ".dequantised", DataType.FLOAT, dequantised.array(), rows, columns));
  }

  private static Constant inline(String name, DataType type, byte[] bytes, long... shape) {
    return new Constant(
        name,
        type,
        java.util.stream.LongStream.of(shape).boxed().toList(),
        new Constant.Inline(bytes));
  }

  private static ByteBuffer floats(int count) {
    return ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
  }
}
