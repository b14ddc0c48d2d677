package dev.preamble.generation.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.model.Logits;
import dev.preamble.onnx.BlockMaxima;
import dev.preamble.onnx.DataType;
import dev.preamble.onnx.Graph;
import dev.preamble.onnx.GraphEditor;
import dev.preamble.onnx.GraphWriter;
import dev.preamble.onnx.Node;
import dev.preamble.onnx.Value;
import dev.preamble.runtime.Session;
import dev.preamble.runtime.SessionOptions;
import dev.preamble.runtime.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With the maxima that ONNX Runtime finds, the token is the one that reading all logits gives. */
class MostProbableByBlocksTest {
  private static final int ROWS = 12;
  private static final float[] ODD = {
    Float.NaN,
    Float.intBitsToFloat(0xffc00000),
    Float.NEGATIVE_INFINITY,
    Float.POSITIVE_INFINITY,
    -0f,
    0,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MAX_VALUE,
    -Float.MAX_VALUE
  };

  private final Random random = new Random(1);
  private int byBlocks;
  private int read;

  @ParameterizedTest
  @CsvSource({"512, 1", "1000, 2", "32000, 2", "50257, 2"})
  void ofAnyRow(int vocabulary, int threads) {
    int rounds = Math.max(12, 200_000 / vocabulary);
    try (Session session =
        Session.open(
            GraphWriter.write(graph(vocabulary)), SessionOptions.defaults().withThreads(threads))) {
      for (int round = 0; round < rounds; round++) {
        float[] values = new float[ROWS * vocabulary];
        for (int row = 0; row < ROWS; row++) {
          fill(values, row * vocabulary, (row + 1) * vocabulary, row);
        }
        compare(session, values, vocabulary);
      }
    }
    assertTrue(byBlocks > 4 * rounds, byBlocks + " rows by their blocks");
    assertTrue(read > rounds, read + " rows of which all was read");
  }

  /** Values of a kind: spread, a few that are often equal, few above many; odd ones among some. */
  private void fill(float[] values, int from, int to, int kind) {
    for (int i = from; i < to; i++) {
      values[i] =
          switch (kind % 4) {
            case 0 -> (float) random.nextGaussian();
            case 1 -> random.nextInt(5) - 7;
            case 2 -> random.nextInt(3) == 0 ? -0f : random.nextInt(2) == 0 ? 0 : -1;
            default -> random.nextInt(500) == 0 ? 3 : -3;
          };
    }
    int odd = kind < 4 ? 0 : kind < 8 ? 3 : to - from;
    for (int i = 0; i < odd; i++) {
      values[from + random.nextInt(to - from)] = ODD[random.nextInt(ODD.length)];
    }
    if (kind == ROWS - 1) {
      Arrays.fill(values, from, to, Float.NaN);
    }
  }

  private void compare(Session session, float[] values, int vocabulary) {
    Map<String, Tensor> outputs =
        session.run(Map.of("x", Tensor.floats(values, ROWS, 1, vocabulary)));
    Tensor maxima = outputs.get(BlockMaxima.MAXIMA);
    Logits logits =
        Logits.of(outputs.get("logits").data(), vocabulary)
            .withMaxima(
                maxima.data(),
                outputs.get(BlockMaxima.SUMS).data(),
                Math.toIntExact(maxima.shape()[2]));
    for (int row = 0; row < ROWS; row++) {
      float[] alone = Arrays.copyOfRange(values, row * vocabulary, (row + 1) * vocabulary);
      if (MostProbable.exists(alone)) {
        assertEquals(MostProbable.of(alone), MostProbable.of(logits, row), "row " + row);
      } else {
        int broken = row;
        assertThrows(PreambleException.class, () -> MostProbable.of(logits, broken));
      }
      if (logits.blocks(row) > 0) {
        byBlocks++;
      } else {
        read++;
      }
    }
    outputs.values().forEach(Tensor::close);
  }

  /** Gives its input as logits. */
  private static Graph graph(int vocabulary) {
    GraphEditor editor =
        new GraphEditor(
            new Graph(List.of(), List.of(), List.of(), Map.of(), Map.of(), Map.of("", 18L)));
    Value x = editor.input("x", DataType.FLOAT, "batch", "n", vocabulary);
    editor.add(new Node("", "Identity", List.of("x"), List.of("logits"), Map.of()));
    Value logits = editor.define("logits", x.type(), x.shape());
    return BlockMaxima.beside(editor.finish(List.of(logits)), "logits");
  }
}
