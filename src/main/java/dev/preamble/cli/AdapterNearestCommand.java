package dev.preamble.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.NearestTokens;
import dev.preamble.peft.AdapterEntry;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code adapter nearest DIR}: the vocabulary entries that an adapter's rows lie next to. */
@Command(
    name = "nearest",
    mixinStandardHelpOptions = true,
    description =
        "Shows, for each virtual token, the vocabulary entries nearest by cosine and by distance. Entries are taken as they enter the model, with its embedding scale.")
final class AdapterNearestCommand implements Runnable {
  @Mixin private OutputOptions output;

  @Parameters(paramLabel = "DIR", description = "Folder of the adapter.")
  private Path directory;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Folder of the exported model.")
  private Path folder;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "5",
      description = "Entries of each kind; ${DEFAULT-VALUE} if not given.")
  private int top;

  @Option(
      names = "--task-id",
      paramLabel = "N",
      description = "Task of a multitask prompt, from 0 on.")
  private Optional<Integer> task = Optional.empty();

  @Override
  public void run() {
    try (FrozenModel model = FrozenModel.open(folder)) {
      if (top < 1 || top > model.embeddings().vocabularySize()) {
        throw new UsageException(
            "--top: expected 1 to %,d, found %,d"
                .formatted(model.embeddings().vocabularySize(), top));
      }
      OptionalInt number = task.map(OptionalInt::of).orElse(OptionalInt.empty());
      FittedAdapter fitted = FittedAdapters.fit(directory, model, number, output.err());
      float[] rows = rows(fitted);
      List<NearestTokens> nearest;
      try (Progress progress =
          Progress.of(output, "comparing", model.embeddings().vocabularySize())) {
        nearest = NearestTokens.of(model.embeddings(), rows, top, progress::step);
      }
      ObjectNode report = json(fitted, nearest, model);
      output.print(report, () -> text(report));
    }
  }

  private static float[] rows(FittedAdapter fitted) {
    return switch (fitted.entry()) {
      case AdapterEntry.EmbeddingRows rows -> rows.values();
      case AdapterEntry.KeyValuePrefix prefix ->
          throw new PreambleException(
              "%s holds keys and values, which lie in no space of tokens; expected an adapter of rows, such as prompt tuning's"
                  .formatted(fitted.name()));
    };
  }

  private static ObjectNode json(
      FittedAdapter fitted, List<NearestTokens> nearest, FrozenModel model) {
    ObjectNode report = JsonNodeFactory.instance.objectNode();
    FittedAdapters.describe(Optional.of(fitted), report);
    ArrayNode rows = report.putArray("rows");
    for (NearestTokens each : nearest) {
      ObjectNode row = rows.addObject().put("norm", each.norm());
      add(row.putArray("by_cosine"), "cosine", each.byCosine(), model);
      add(row.putArray("by_distance"), "distance", each.byDistance(), model);
    }
    return report;
  }

  private static void add(
      ArrayNode to, String measure, List<NearestTokens.Neighbour> found, FrozenModel model) {
    boolean named = model.manifest().tokenizer().isPresent();
    for (NearestTokens.Neighbour each : found) {
      to.addObject()
          .put("id", each.token())
          .put("piece", named ? model.tokenizer().decode(false, each.token()) : "")
          .put(measure, each.value());
    }
  }

  /** Two lines a row. */
  private static String text(JsonNode report) {
    StringJoiner lines = new StringJoiner(System.lineSeparator());
    int number = 0;
    for (JsonNode row : report.get("rows")) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%4d  norm %-8.4f  cosine    %s",
              number++,
              row.get("norm").asDouble(),
              shown(row.get("by_cosine"), "cosine")));
      lines.add(
          "%s  distance  %s".formatted(" ".repeat(19), shown(row.get("by_distance"), "distance")));
    }
    return lines.toString();
  }

  private static String shown(JsonNode found, String measure) {
    return found
        .valueStream()
        .map(
            each ->
                String.format(
                    Locale.ROOT,
                    "%s %.3f",
                    each.get("piece").asText().isEmpty()
                        ? each.get("id").asText()
                        : Pieces.visible(each.get("piece").asText()),
                    each.get(measure).asDouble()))
        .collect(Collectors.joining("  "));
  }
}
