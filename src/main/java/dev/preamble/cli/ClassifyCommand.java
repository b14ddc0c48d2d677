package dev.preamble.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.generation.Candidates;
import dev.preamble.generation.Classification;
import dev.preamble.generation.Classifier;
import dev.preamble.generation.Ensemble;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.model.FrozenModel;
import dev.preamble.training.DataReader;
import dev.preamble.training.Template;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code classify}: which of several labels a text has, by what the model finds probable. */
@Command(
    name = "classify",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Shows how probable each label is behind a text, under each adapter or all of them together. With --file every line of a file is classified into another; a run that was ended goes on where it was.")
final class ClassifyCommand implements Runnable {
  /** Lines of a file that are classified at once. */
  private static final int TOGETHER = 256;

  @Mixin private ModelOption model;

  @Mixin private NamedAdapters adapters;

  @Option(
      names = "--labels",
      required = true,
      paramLabel = "LABEL=WORD,…",
      description = "The words that the model may say for each label; a label alone is its own.")
  private String labels;

  @Option(
      names = "--template",
      paramLabel = "T",
      defaultValue = Template.PLACE,
      description = "How a text is put to the model, such as '{text} It was'.")
  private String template;

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Option(
      names = "--normalise",
      description = "Divide a label's log probability by its number of tokens.")
  private boolean normalise;

  @Option(
      names = "--ensemble",
      paramLabel = "HOW",
      description = "One answer of all adapters: majority of their votes, or mean probability.")
  private Optional<String> ensemble = Optional.empty();

  @Mixin private OutputOptions output;

  static final class Source {
    @Option(names = "--text", paramLabel = "TEXT", description = "Text to classify.")
    private Optional<String> text = Optional.empty();

    @ArgGroup(exclusive = false)
    private Files files;
  }

  static final class Files {
    @Option(
        names = "--file",
        required = true,
        paramLabel = "FILE",
        description = "JSON lines with \"text\", and \"id\" if wanted.")
    private Path in;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "FILE",
        description = "Where the answers go, a line for a line.")
    private Path out;
  }

  @Override
  public void run() {
    Map<String, String> words = DataReader.labelWords(labels);
    Template filled = new Template(template);
    Optional<Ensemble> together =
        ensemble.map(name -> Choice.of(Ensemble.class, "--ensemble", name));
    if (together.isPresent() && adapters.count() < 2) {
      throw new UsageException("--ensemble takes several adapters; give --adapter twice or more");
    }
    if (source.text.filter(String::isEmpty).isPresent()) {
      throw new UsageException("--text: expected a text to classify, found an empty one");
    }
    adapters.check();
    try (FrozenModel opened = model.open();
        Classifier classifier = Classifier.open(opened, model.threads())) {
      List<Optional<FittedAdapter>> fitted = adapters.fit(opened, output.err());
      List<String> behind = words.values().stream().map(word -> " " + word).toList();
      ClassificationReport report =
          new ClassificationReport(List.copyOf(words.keySet()), fitted, normalise, together);
      if (source.files != null) {
        ClassifiedLines lines = new ClassifiedLines(classifier, fitted);
        new LineJob(source.files.in, source.files.out, output)
            .run(
                "classifying",
                TOGETHER,
                (row, line) -> {
                  Supplier<List<Classification>> scores =
                      lines.add(Candidates.of(opened.tokenizer(), filled.fill(text(row)), behind));
                  return () -> report.json(scores.get());
                });
        return;
      }
      Candidates text =
          Candidates.of(opened.tokenizer(), filled.fill(source.text.orElseThrow()), behind);
      List<Classification> scores = classifier.classify(List.of(text), fitted).getFirst();
      ObjectNode json = report.json(scores);
      output.print(json, () -> ClassificationReport.text(json));
    }
  }

  private static String text(JsonNode row) {
    if (row.path("text").asText().isEmpty() || !row.get("text").isTextual()) {
      throw new PreambleException("expected an object with a string \"text\" that is not empty");
    }
    return row.get("text").textValue();
  }
}
