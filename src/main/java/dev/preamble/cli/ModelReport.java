package dev.preamble.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.Manifest;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.TreeMap;

/** What {@code model inspect} says of a model, as JSON and as text for people. */
final class ModelReport {
  private ModelReport() {}

  static ObjectNode of(FrozenModel model) {
    Manifest manifest = model.manifest();
    ObjectNode report = JsonNodeFactory.instance.objectNode();
    report.put("path", model.folder().toString());
    report.put("base_model", manifest.baseModel().name());
    report.put("revision", manifest.baseModel().revision().orElse(null));
    report.put("architecture", manifest.architecture());
    report.put("task", manifest.task());
    report.put("context_length", manifest.contextLength());
    report.put("vocabulary_size", manifest.vocabularySize());
    report.put("hidden_size", manifest.hiddenSize());
    report.put("layers", manifest.layers());
    report.put("attention_heads", manifest.attentionHeads());
    layers(manifest, report);
    report.put("embedding_scale", manifest.embedding().scale());
    report.put("exported_in", Manifest.read(model.folder()).dtype());
    report.put("computes_in", manifest.dtype());
    report.put("stored_as", manifest.weights().dtype());
    ArrayNode files = report.putArray("weights");
    for (Manifest.WeightFile file : manifest.weights().files()) {
      files
          .addObject()
          .put("file", file.file())
          .put("bytes", file.bytes())
          .put("sha256", file.sha256());
    }
    report.put("weights_sha256", manifest.baseModel().weightsSha256());
    report.put("graph", manifest.graph());
    report.put("graph_nodes", model.graph().nodes().size());
    report.put("graph_sha256", manifest.graphSha256());
    specialTokens(manifest.specialTokens(), report.putObject("special_tokens"));
    report.put("tokenizer", manifest.tokenizer().orElse(null));
    report.put("chat_template", model.hasChatTemplate());
    ObjectNode exporter = report.putObject("exporter");
    new TreeMap<>(manifest.exporter()).forEach(exporter::put);
    return report;
  }

  private static void layers(Manifest manifest, ObjectNode report) {
    ArrayNode layers = report.putArray("key_value");
    for (Manifest.KeyValue layer : manifest.keyValue()) {
      ObjectNode each =
          layers.addObject().put("heads", layer.heads()).put("head_size", layer.headSize());
      layer
          .window()
          .ifPresentOrElse(size -> each.put("window", size), () -> each.putNull("window"));
    }
    long elements =
        manifest.keyValue().stream().mapToLong(each -> 2L * each.heads() * each.headSize()).sum();
    report.put("cache_bytes_a_position", elements * (manifest.dtype().equals("float32") ? 4 : 2));
  }

  private static void specialTokens(Manifest.SpecialTokens tokens, ObjectNode report) {
    tokens.bos().ifPresent(id -> report.put("bos", id));
    tokens.eos().forEach(report.putArray("eos")::add);
    tokens.pad().ifPresent(id -> report.put("pad", id));
    tokens.unk().ifPresent(id -> report.put("unk", id));
  }

  /** A line a fact, for people. */
  static String text(JsonNode report) {
    StringJoiner lines = new StringJoiner(System.lineSeparator());
    line(lines, "model", report.get("path").asText());
    String revision =
        report.get("revision").isNull() ? "" : ", revision " + text(report, "revision");
    line(lines, "base model", text(report, "base_model") + revision);
    line(lines, "architecture", text(report, "architecture") + ", " + text(report, "task"));
    line(
        lines,
        "size",
        "%s layers of width %s, %s query heads, %s tokens, %s positions"
            .formatted(
                text(report, "layers"),
                text(report, "hidden_size"),
                text(report, "attention_heads"),
                text(report, "vocabulary_size"),
                text(report, "context_length")));
    line(lines, "cache", cache(report));
    line(
        lines,
        "arithmetic",
        "%s on the CPU, exported for %s, weights stored as %s"
            .formatted(
                text(report, "computes_in"),
                text(report, "exported_in"),
                text(report, "stored_as")));
    for (JsonNode file : report.get("weights")) {
      line(
          lines,
          "weights",
          String.format(
              Locale.ROOT,
              "%s, %,d bytes, SHA-256 %s",
              file.get("file").asText(),
              file.get("bytes").asLong(),
              file.get("sha256").asText()));
    }
    line(
        lines,
        "graph",
        "%s, %s nodes, SHA-256 %s"
            .formatted(
                text(report, "graph"), text(report, "graph_nodes"), text(report, "graph_sha256")));
    line(lines, "special tokens", report.get("special_tokens").toString());
    line(lines, "tokenizer", report.get("tokenizer").asText("none: it takes token ids"));
    line(lines, "chat template", report.get("chat_template").asBoolean() ? "yes" : "none");
    line(lines, "exported with", report.get("exporter").toString());
    line(
        lines,
        "checked",
        report.get("verified").asBoolean()
            ? "manifest, graph and weights agree; every byte is as exported"
            : "manifest, graph and weights agree; --verify reads every byte");
    return lines.toString();
  }

  private static String cache(JsonNode report) {
    JsonNode first = report.at("/key_value/0");
    long windowed =
        report
            .get("key_value")
            .valueStream()
            .filter(layer -> !layer.get("window").isNull())
            .count();
    return String.format(
        Locale.ROOT,
        "%,d bytes a position: %s key/value heads of %s a layer%s",
        report.get("cache_bytes_a_position").asLong(),
        first.get("heads").asText(),
        first.get("head_size").asText(),
        windowed == 0
            ? ""
            : ", %d of %d layers see a window of %s"
                .formatted(windowed, report.get("key_value").size(), windows(report)));
  }

  private static String windows(JsonNode report) {
    return report
        .get("key_value")
        .valueStream()
        .map(layer -> layer.get("window"))
        .filter(window -> !window.isNull())
        .map(JsonNode::asText)
        .distinct()
        .reduce((left, right) -> left + " or " + right)
        .orElse("");
  }

  private static String text(JsonNode report, String field) {
    return report.get(field).asText();
  }

  private static void line(StringJoiner lines, String name, String value) {
    lines.add("%-16s %s".formatted(name, value));
  }
}
