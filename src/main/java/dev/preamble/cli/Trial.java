package dev.preamble.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.training.ReportTable;
import dev.preamble.training.TrainingRun;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A finished trial of a sweep.
 *
 * @param values what the swept settings were
 * @param value how good it was, the higher the better
 * @param scores of base model, hard prompt and tuned prompt, as {@code train} prints them
 * @param digest of its adapter
 * @param seconds of training
 */
record Trial(
    Map<String, String> values, double value, ObjectNode scores, String digest, double seconds) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The trial that gave {@code report}. */
  static Trial of(Map<String, String> values, double value, TrainingRun.Report report) {
    ObjectNode scores = JSON.createObjectNode();
    ReportTable.of(report).addTo(scores);
    return new Trial(values, value, scores, report.adapter().digest(), report.trainingSeconds());
  }

  /** The trial that {@code line} records. */
  static Trial of(JsonNode line) {
    Map<String, String> values = new LinkedHashMap<>();
    line.path("settings").properties().forEach(e -> values.put(e.getKey(), e.getValue().asText()));
    return new Trial(
        values,
        line.path("value").asDouble(),
        line.path("scores").deepCopy(),
        line.path("digest").asText(),
        line.path("seconds").asDouble());
  }

  /** The trial as JSON. */
  ObjectNode json() {
    ObjectNode json = JSON.createObjectNode();
    ObjectNode settings = json.putObject("settings");
    values.forEach(settings::put);
    json.put("value", value).put("digest", digest).put("seconds", seconds);
    json.set("scores", scores);
    return json;
  }

  /** The swept settings on one line. */
  String settings() {
    return values.entrySet().stream()
        .map(each -> each.getKey() + " " + each.getValue())
        .collect(Collectors.joining(", "));
  }

  /** A score of the tuned prompt, such as {@code loss}; no number where it has none. */
  double tuned(String score) {
    return scores.path("tuned_prompt").path(score).asDouble(Double.NaN);
  }

  /** Whether rows have labels. */
  boolean hasLabels() {
    return scores.path("tuned_prompt").has("accuracy");
  }
}
