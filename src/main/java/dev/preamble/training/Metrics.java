package dev.preamble.training;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.WholeFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A run as JSON lines: {@code {"event":"scores","of":"base",…}}, {@code {"event":"step",…}}, {@code
 * {"event":"epoch",…}}. Losses are in nats.
 */
final class Metrics implements TrainingListener {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final StringBuilder lines = new StringBuilder();

  /** Adds the scores of {@code of}. */
  void scores(String of, Evaluator.Scores scores) {
    ObjectNode line = event("scores").put("of", of);
    put(line, Optional.of(scores));
    add(line);
  }

  @Override
  public void step(Step step) {
    add(
        event("step")
            .put("step", step.number())
            .put("loss", step.loss())
            .put("gradient_norm", step.gradientNorm())
            .put("learning_rate", step.learningRate())
            .put("rows", step.rows()));
  }

  @Override
  public void epoch(Epoch epoch) {
    ObjectNode line =
        event("epoch").put("epoch", epoch.number()).put("training_loss", epoch.loss());
    put(line, epoch.scores());
    add(line);
  }

  /** Writes all lines as {@code file}. */
  void write(Path file) {
    WholeFile.write(file, lines.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** Adds the fields of {@code scores} to {@code line}. */
  static void put(ObjectNode line, Optional<Evaluator.Scores> scores) {
    scores.ifPresent(
        each -> {
          line.put("rows", each.rows())
              .put("loss", each.loss())
              .put("perplexity", each.perplexity())
              .put("exact", each.exact());
          each.accuracy().ifPresent(accuracy -> line.put("accuracy", accuracy));
        });
  }

  private void add(ObjectNode line) {
    lines.append(line).append('\n');
  }

  private static ObjectNode event(String name) {
    return JSON.createObjectNode().put("event", name);
  }
}
