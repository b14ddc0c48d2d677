package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Cartridge;
import dev.preamble.peft.PromptTuning;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code adapter nearest}. */
class AdapterNearestCommandTest {
  private static final int[] TOKENS = {403, 407, 500};

  @TempDir Path folder;

  /** Rows of the table itself, one of them doubled: cosine does not see that, distance does. */
  @Test
  void rowsOfTheTableAreFoundInIt() {
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      float[] rows = model.embeddings().rows(TOKENS);
      int width = rows.length / TOKENS.length;
      for (int i = 0; i < width; i++) {
        rows[width + i] *= 2;
      }
      PromptTuning.of(model.baseModel(), TOKENS.length, rows).save(folder);
      JsonNode report = nearest("--top", "3", "--json").done().json();
      assertEquals(3, report.get("rows").size());
      for (int i = 0; i < TOKENS.length; i++) {
        JsonNode row = report.get("rows").get(i);
        assertEquals(3, row.get("by_cosine").size());
        assertEquals(TOKENS[i], row.at("/by_cosine/0/id").asInt());
        assertEquals(1, row.at("/by_cosine/0/cosine").asDouble(), 1e-5);
        assertTrue(
            row.at("/by_cosine/1/cosine").asDouble() >= row.at("/by_cosine/2/cosine").asDouble());
        double[] expected = distances(model, rows, i * width, width);
        for (JsonNode found : row.get("by_distance")) {
          int token = found.get("id").asInt();
          assertEquals(expected[token], found.get("distance").asDouble(), 1e-3);
        }
        long nearer = 0;
        double third = row.at("/by_distance/2/distance").asDouble();
        for (double distance : expected) {
          nearer += distance < third - 1e-3 ? 1 : 0;
        }
        assertTrue(nearer <= 2, nearer + " entries are nearer than the third");
      }
      assertEquals("Once", report.at("/rows/0/by_cosine/0/piece").asText().strip());
      assertEquals(6, nearest().done().lines().size());
    }
  }

  @Test
  void whatHasNoNearestTokensIsRefused() {
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      var shape = model.baseModel().shape();
      int values = 2 * 2 * shape.layers() * shape.keyValueWidth();
      Cartridge.of(model.baseModel(), 2, 1, new float[values]).save(folder);
      nearest().refused("holds keys and values");
      nearest("--top", "0").refused("--top: expected 1 to 512, found 0");
      nearest("--task-id", "1").refused("no task 1");
    }
  }

  private Run nearest(String... more) {
    Object[] arguments = new Object[5 + more.length];
    Object[] first = {"adapter", "nearest", folder, "--model", Stories.SMALL};
    System.arraycopy(first, 0, arguments, 0, 5);
    System.arraycopy(more, 0, arguments, 5, more.length);
    return Run.of(arguments);
  }

  private static double[] distances(FrozenModel model, float[] rows, int from, int width) {
    double[] distances = new double[model.embeddings().vocabularySize()];
    for (int token = 0; token < distances.length; token++) {
      float[] entry = model.embeddings().rows(token);
      double squares = 0;
      for (int i = 0; i < width; i++) {
        squares += Math.pow((double) entry[i] - rows[from + i], 2);
      }
      distances[token] = Math.sqrt(squares);
    }
    return distances;
  }
}
