package dev.preamble.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.AdapterConfig;
import dev.preamble.safetensors.TensorView;
import java.util.Locale;
import java.util.Optional;
import java.util.StringJoiner;

/** What {@code adapter inspect} says of an adapter, as JSON and as text for people. */
final class AdapterReport {
  private AdapterReport() {}

  static ObjectNode of(Adapter adapter) {
    AdapterConfig config = adapter.config();
    ObjectNode report = JsonNodeFactory.instance.objectNode();
    report.put("path", adapter.name());
    report.put("method", config.method().peftType());
    report.put("task", config.task().map(Enum::name).orElse(null));
    report.put("base_model", config.baseModel().orElse(null));
    report.put("revision", config.revision().orElse(null));
    report.put("virtual_tokens", adapter.virtualTokens());
    report.put("parameters", adapter.parameters());
    report.put(
        "bytes", adapter.tensors().stream().mapToLong(tensor -> tensor.data().byteSize()).sum());
    report.put("peft_version", config.peftVersion().orElse(null));
    report.put("digest", adapter.digest());
    var tensors = report.putArray("tensors");
    adapter.tensors().forEach(tensor -> tensors.add(tensor(tensor)));
    adapter.warnings().forEach(report.putArray("warnings")::add);
    return report;
  }

  /** Name, type, shape; least and greatest value, and norms of the rows along the last axis. */
  private static ObjectNode tensor(TensorView tensor) {
    ObjectNode report = JsonNodeFactory.instance.objectNode();
    report.put("name", tensor.name());
    report.put("dtype", tensor.dtype().name());
    tensor.shape().forEach(report.putArray("shape")::add);
    if (tensor.elements() == 0 || !tensor.dtype().convertsToFloat()) {
      return report;
    }
    int width = tensor.shape().isEmpty() ? 1 : Math.toIntExact(tensor.shape().getLast());
    float[] row = new float[width];
    double least = Double.POSITIVE_INFINITY;
    double greatest = Double.NEGATIVE_INFINITY;
    double leastNorm = Double.POSITIVE_INFINITY;
    double greatestNorm = 0;
    double norms = 0;
    long rows = tensor.elements() / width;
    for (long i = 0; i < rows; i++) {
      tensor.copyFloats(i * width, row, 0, width);
      double squares = 0;
      for (float value : row) {
        least = Math.min(least, value);
        greatest = Math.max(greatest, value);
        squares += (double) value * value;
      }
      double norm = Math.sqrt(squares);
      norms += norm;
      leastNorm = Math.min(leastNorm, norm);
      greatestNorm = Math.max(greatestNorm, norm);
    }
    report.put("min", least).put("max", greatest);
    report
        .putObject("row_norm")
        .put("min", leastNorm)
        .put("mean", norms / rows)
        .put("max", greatestNorm);
    return report;
  }

  static String text(ObjectNode report) {
    StringJoiner lines = new StringJoiner(System.lineSeparator());
    line(lines, "adapter", report.get("path").asText());
    line(lines, "method", report.get("method").asText());
    line(lines, "task", shown(report, "task", "none"));
    line(
        lines,
        "base model",
        shown(report, "base_model", "not named")
            + (report.get("revision").isNull() ? "" : " @ " + report.get("revision").asText()));
    line(lines, "virtual tokens", "%,d".formatted(report.get("virtual_tokens").asInt()));
    line(
        lines,
        "size",
        "%,d parameters, %s"
            .formatted(report.get("parameters").asLong(), bytes(report.get("bytes").asLong())));
    line(lines, "PEFT", shown(report, "peft_version", "not recorded, as before 0.18"));
    line(lines, "digest", report.get("digest").asText());
    for (JsonNode tensor : report.get("tensors")) {
      line(lines, "tensor", tensor.get("name").asText());
      line(lines, "", tensor.get("dtype").asText() + " " + shape(tensor.get("shape")));
      Optional.ofNullable(tensor.get("row_norm"))
          .ifPresent(
              norm ->
                  line(
                      lines,
                      "",
                      String.format(
                          Locale.ROOT,
                          "values %.4g … %.4g, row norms %.4g … %.4g (mean %.4g)",
                          tensor.get("min").asDouble(),
                          tensor.get("max").asDouble(),
                          norm.get("min").asDouble(),
                          norm.get("max").asDouble(),
                          norm.get("mean").asDouble())));
    }
    for (JsonNode warning : report.get("warnings")) {
      line(lines, "warning", warning.asText());
    }
    return lines.toString();
  }

  private static void line(StringJoiner lines, String label, String value) {
    lines.add("%-15s %s".formatted(label, value));
  }

  private static String shown(ObjectNode report, String field, String missing) {
    return report.get(field).isNull() ? missing : report.get(field).asText();
  }

  private static String shape(JsonNode shape) {
    StringJoiner sizes = new StringJoiner(" × ");
    shape.forEach(size -> sizes.add(size.asText()));
    return shape.isEmpty() ? "scalar" : sizes.toString();
  }

  private static String bytes(long bytes) {
    return bytes < 10_000
        ? "%,d bytes".formatted(bytes)
        : bytes < 10_000_000
            ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
            : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }
}
