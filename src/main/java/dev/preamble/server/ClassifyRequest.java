package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.Ensemble;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The body of {@code POST /v1/classify}.
 *
 * @param models who is asked; several answer together
 * @param inputs the texts, each classified on its own
 * @param labels what may stand behind a text, a space between
 * @param normalised whether a long label loses nothing by its length
 * @param ensemble how several models' answers become one
 */
record ClassifyRequest(
    List<String> models,
    List<String> inputs,
    List<String> labels,
    boolean normalised,
    Ensemble ensemble) {
  private static final int MOST_MODELS = 32;
  private static final int MOST_LABELS = 1000;
  private static final Set<String> KNOWN =
      Set.of("model", "input", "labels", "normalise", "ensemble", "user", "metadata");

  /** Copies the lists. */
  ClassifyRequest {
    models = List.copyOf(models);
    inputs = List.copyOf(inputs);
    labels = List.copyOf(labels);
  }

  static ClassifyRequest parse(byte[] json, ServerConfig.Limits limits) {
    RequestBody body = RequestBody.parse(json);
    body.only(KNOWN);
    List<String> labels = texts(body, "labels", MOST_LABELS);
    if (labels.size() < 2 || new HashSet<>(labels).size() < labels.size()) {
      throw body.bad("labels", "expected at least 2, each once, found " + labels);
    }
    return new ClassifyRequest(
        texts(body, "model", MOST_MODELS),
        texts(body, "input", limits.rows()),
        labels,
        body.flag("normalise"),
        ensemble(body));
  }

  private static Ensemble ensemble(RequestBody body) {
    return switch (body.text("ensemble").orElse("mean")) {
      case "mean" -> Ensemble.MEAN;
      case "majority" -> Ensemble.MAJORITY;
      case String other ->
          throw body.bad("ensemble", "expected mean or majority, found '%s'".formatted(other));
    };
  }

  private static List<String> texts(RequestBody body, String name, int most) {
    JsonNode given = body.required(name);
    List<String> texts = new ArrayList<>();
    for (JsonNode each : given.isArray() ? given : List.of(given)) {
      body.require(
          name,
          each,
          value -> value.isTextual() && !value.textValue().isEmpty(),
          "a text that is not empty, or several");
      texts.add(each.textValue());
    }
    if (texts.isEmpty() || texts.size() > most) {
      throw body.bad(name, "expected 1 to %,d, found %,d".formatted(most, texts.size()));
    }
    return texts;
  }
}
