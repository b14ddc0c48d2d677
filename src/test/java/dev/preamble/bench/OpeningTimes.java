package dev.preamble.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.preamble.oracle.PythonEnvironment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Seconds from opening a model to its first logits, here and in Python, each in processes of its
 * own that take turns; the best of several. Ours starts as the launcher starts the program, from
 * one jar with a cache of its loaded classes.
 *
 * @param whole from the start of the process to its end
 * @param opening from the end of its imports, or its first instruction, to the logits
 * @param token what the logits favour
 */
record OpeningTimes(double whole, double opening, int token) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int[] ONCE_UPON_A_TIME = {1, 9038, 2501, 263, 931};

  /** The times of Preamble, of transformers, and of onnxruntime in Python with the same graph. */
  static Map<String, OpeningTimes> measure(Path model, int rounds) {
    try (Program program = Program.make(FirstLogits.class)) {
      Map<String, List<String>> commands = new LinkedHashMap<>();
      commands.put("preamble", program.command());
      for (String way : new String[] {"transformers", "onnxruntime"}) {
        commands.put(
            way,
            List.of(PythonEnvironment.python().toString(), "-m", "preamble_oracle.opening", way));
      }
      run("preamble", program.rehearsal(), model);
      Map<String, OpeningTimes> best = new LinkedHashMap<>();
      for (int round = 0; round < rounds; round++) {
        commands.forEach(
            (name, command) -> best.merge(name, run(name, command, model), OpeningTimes::better));
      }
      return best;
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }

  private static OpeningTimes run(String name, List<String> command, Path model) {
    List<String> all = new ArrayList<>(command);
    all.add(model.toAbsolutePath().toString());
    Arrays.stream(ONCE_UPON_A_TIME).mapToObj(Integer::toString).forEach(all::add);
    ProcessBuilder builder = new ProcessBuilder(all).redirectError(ProcessBuilder.Redirect.DISCARD);
    if (!name.equals("preamble")) {
      builder.directory(Path.of("export-scripts").toFile());
    }
    long began = System.nanoTime();
    try {
      Process process = builder.start();
      String output = new String(process.getInputStream().readAllBytes());
      int code = process.waitFor();
      double whole = (System.nanoTime() - began) / 1e9;
      if (code != 0) {
        throw new AssertionError(name + " ended with " + code);
      }
      JsonNode answer = JSON.readTree(output);
      return new OpeningTimes(
          whole, answer.path("seconds").asDouble(), answer.path("token").asInt());
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new AssertionError(interrupted);
    }
  }

  private OpeningTimes better(OpeningTimes other) {
    return new OpeningTimes(Math.min(whole, other.whole), Math.min(opening, other.opening), token);
  }
}
