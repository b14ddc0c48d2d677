package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.generation.Score;
import dev.preamble.generation.ScoredToken;
import dev.preamble.generation.Scorer;
import dev.preamble.model.FrozenModel;
import dev.preamble.safetensors.Dtype;
import dev.preamble.safetensors.SafetensorsWriter;
import dev.preamble.safetensors.TensorView;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.StringJoiner;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code score}: how probable each token of a text is. */
@Command(
    name = "score",
    mixinStandardHelpOptions = true,
    description = {
      "Shows the log probability of each token of a text, given what precedes it.",
      "The adapter's virtual tokens precede the text and are not scored."
    })
final class ScoreCommand implements Runnable {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Mixin private ModelOption model;
  @Mixin private OutputOptions output;

  @ArgGroup(multiplicity = "1")
  private Input input;

  @Option(names = "--adapter", paramLabel = "DIR", description = "Folder of an adapter.")
  private Optional<Path> adapter = Optional.empty();

  @Option(
      names = "--logits-out",
      paramLabel = "FILE",
      description = "Write the logits, float32 [tokens, vocabulary], to a safetensors file.")
  private Optional<Path> logitsOut = Optional.empty();

  static final class Input {
    @Option(names = "--text", paramLabel = "TEXT", description = "Text to score.")
    private Optional<String> text = Optional.empty();

    @Option(
        names = "--token-ids",
        split = ",",
        paramLabel = "ID",
        description = "Token ids to score, taken as they are.")
    private List<Integer> ids = List.of();

    @Option(names = "--file", paramLabel = "FILE", description = "UTF-8 file to score.")
    private Optional<Path> file = Optional.empty();

    int[] tokens(FrozenModel model) {
      return text.or(() -> file.map(Input::read))
          .map(used -> model.tokenizer().encode(used, true))
          .orElseGet(() -> ids.stream().mapToInt(Integer::intValue).toArray());
    }

    private static String read(Path file) {
      try {
        return Files.readString(file);
      } catch (IOException fault) {
        throw new PreambleException(
            "cannot read %s as UTF-8 text: %s".formatted(file, WholeFile.reason(fault)), fault);
      }
    }
  }

  @Override
  public void run() {
    try (FrozenModel opened = model.open();
        Scorer scorer = Scorer.open(opened, model.threads())) {
      Optional<FittedAdapter> fitted =
          adapter.map(folder -> FittedAdapters.fit(folder, opened, output.err()));
      int[] tokens = input.tokens(opened);
      Score score =
          logitsOut
              .map(file -> scoreInto(file, scorer, tokens, fitted, opened))
              .orElseGet(() -> scorer.score(tokens, fitted));
      output.print(json(fitted, score), () -> text(score));
    }
  }

  private static Score scoreInto(
      Path file, Scorer scorer, int[] tokens, Optional<FittedAdapter> adapter, FrozenModel model) {
    long vocabulary = model.manifest().vocabularySize();
    try (Arena arena = Arena.ofShared()) {
      long elements = Math.multiplyExact(tokens.length, vocabulary);
      MemorySegment rows = arena.allocate(FLOAT, elements);
      Score score =
          scorer.score(
              tokens,
              adapter,
              (position, logits) ->
                  MemorySegment.copy(
                      logits, 0, rows, FLOAT, 4 * position * vocabulary, logits.length));
      List<Long> shape = List.of((long) tokens.length, vocabulary);
      SafetensorsWriter.write(
          file, List.of(new TensorView("logits", Dtype.F32, shape, rows)), Map.of("format", "pt"));
      return score;
    }
  }

  private static ObjectNode json(Optional<FittedAdapter> adapter, Score score) {
    ObjectNode report = JsonNodeFactory.instance.objectNode();
    FittedAdapters.describe(adapter, report);
    ArrayNode tokens = report.putArray("tokens");
    for (ScoredToken token : score.tokens()) {
      ObjectNode each = tokens.addObject().put("id", token.id()).put("piece", token.piece());
      put(each, "log_probability", token.logProbability());
    }
    report.put("scored", score.scored());
    report.put("log_probability", score.sum());
    put(report, "perplexity", score.perplexity());
    return report;
  }

  private static void put(ObjectNode node, String name, OptionalDouble value) {
    if (value.isPresent()) {
      node.put(name, value.getAsDouble());
    } else {
      node.putNull(name);
    }
  }

  /** A line a token, then the sum. */
  private static String text(Score score) {
    StringJoiner lines = new StringJoiner(System.lineSeparator());
    for (ScoredToken token : score.tokens()) {
      lines.add(
          "%8d  %10s  %s"
              .formatted(token.id(), shown(token.logProbability()), visible(token.piece())));
    }
    lines.add(
        "log probability %s of %d tokens, perplexity %s"
            .formatted(
                shown(OptionalDouble.of(score.sum())), score.scored(), shown(score.perplexity())));
    return lines.toString();
  }

  private static String shown(OptionalDouble value) {
    return value.isEmpty() ? "-" : String.format(Locale.ROOT, "%.4f", value.getAsDouble());
  }

  private static String visible(String piece) {
    return "'" + piece.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r") + "'";
  }
}
