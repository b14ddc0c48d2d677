package dev.preamble.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.Classification;
import dev.preamble.generation.Ensemble;
import dev.preamble.generation.FittedAdapter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * How {@code classify} says what it found.
 *
 * @param names the labels
 * @param adapters those that were asked
 * @param normalised whether a label's length counts for nothing
 * @param ensemble how the adapters' opinions become one, if they do
 */
record ClassificationReport(
    List<String> names,
    List<Optional<FittedAdapter>> adapters,
    boolean normalised,
    Optional<Ensemble> ensemble) {

  /**
   * Each adapter's label and probabilities, and those of all together where that is wanted.
   *
   * @param scores the scores of one text, an entry an adapter
   */
  ObjectNode json(List<Classification> scores) {
    List<List<Double>> opinions =
        scores.stream().map(each -> each.probabilities(normalised)).toList();
    ObjectNode report = JsonNodeFactory.instance.objectNode();
    ArrayNode answers = report.putArray("answers");
    for (int i = 0; i < adapters.size(); i++) {
      ObjectNode answer = answers.addObject();
      FittedAdapters.describe(adapters.get(i), answer);
      answer.put("label", names.get(Ensemble.MEAN.choose(List.of(opinions.get(i)))));
      ArrayNode each = answer.putArray("labels");
      for (int label = 0; label < names.size(); label++) {
        Classification.LabelScore score = scores.get(i).labels().get(label);
        each.addObject()
            .put("label", names.get(label))
            .put("probability", opinions.get(i).get(label))
            .put("log_probability", score.logProbability())
            .put("tokens", score.tokens());
      }
    }
    ensemble.ifPresent(
        how -> {
          ObjectNode answer = report.putObject("ensemble");
          answer.put("of", how.name().toLowerCase(Locale.ROOT));
          answer.put("label", names.get(how.choose(opinions)));
          ArrayNode each = answer.putArray("labels");
          List<Double> combined = how.combine(opinions);
          for (int label = 0; label < names.size(); label++) {
            each.addObject().put("label", names.get(label)).put("probability", combined.get(label));
          }
        });
    return report;
  }

  /** Each answer's labels, the most probable first. */
  static String text(ObjectNode report) {
    StringJoiner lines = new StringJoiner(System.lineSeparator());
    List<JsonNode> answers = new ArrayList<>();
    report.get("answers").forEach(answers::add);
    Optional.ofNullable(report.get("ensemble")).ifPresent(answers::add);
    for (JsonNode answer : answers) {
      if (answers.size() > 1) {
        lines.add(
            "== "
                + (answer.has("of")
                    ? "ensemble, " + answer.get("of").asText()
                    : answer.get("adapter").asText()));
      }
      List<JsonNode> labels = new ArrayList<>();
      answer.get("labels").forEach(labels::add);
      labels.sort(
          Comparator.comparingDouble((JsonNode label) -> label.get("probability").asDouble())
              .reversed());
      labels.forEach(
          label ->
              lines.add(
                  String.format(
                      Locale.ROOT,
                      "%6.1f %%  %s",
                      100 * label.get("probability").asDouble(),
                      label.get("label").asText())));
    }
    return lines.toString();
  }
}
