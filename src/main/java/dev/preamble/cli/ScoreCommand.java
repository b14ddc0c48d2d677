package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.generation.Score;
import dev.preamble.generation.Scorer;
import dev.preamble.model.FrozenModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code score}: how probable each token of a text is. */
@Command(
    name = "score",
    mixinStandardHelpOptions = true,
    description =
        "Shows the log probability of each token of a text, given what precedes it. The adapter's virtual tokens precede the text and are not scored. With --file a line a text is printed as it is scored, and the sums of all at the end; with --json each of these lines is an object.")
final class ScoreCommand implements Runnable {
  @Mixin private ModelOption model;
  @Mixin private OutputOptions output;

  @ArgGroup(multiplicity = "1")
  private Input input;

  @Option(names = "--adapter", paramLabel = "DIR", description = "Folder of an adapter.")
  private Optional<Path> adapter = Optional.empty();

  @Option(
      names = "--task-id",
      paramLabel = "N",
      description = "Task of a multitask prompt, from 0 on.")
  private Optional<Integer> task = Optional.empty();

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

    @Option(
        names = "--file",
        paramLabel = "FILE",
        description =
            "UTF-8 file of texts to score: one a line, or, if its name ends in .jsonl, an object a"
                + " line with \"text\" or \"token_ids\".")
    private Optional<Path> file = Optional.empty();

    int[] tokens(FrozenModel model) {
      return text.map(used -> model.tokenizer().encode(used, true))
          .orElseGet(() -> ids.stream().mapToInt(Integer::intValue).toArray());
    }
  }

  @Override
  public void run() {
    if (task.isPresent() && adapter.isEmpty()) {
      throw new UsageException("--task-id names a task of the adapter; give --adapter too");
    }
    if (input.text.filter(String::isEmpty).isPresent()) {
      throw new UsageException("--text: expected a text to score, found an empty one");
    }
    if (logitsOut.isPresent() && input.file.isPresent()) {
      throw new UsageException("--logits-out takes the logits of one text; give --text");
    }
    try (FrozenModel opened = model.open();
        Scorer scorer = Scorer.open(opened, model.threads())) {
      Optional<FittedAdapter> fitted = adapter.map(folder -> fit(folder, opened));
      if (input.file.isPresent()) {
        new ScoredFile(input.file.get(), opened, output).score(scorer, fitted);
        return;
      }
      int[] tokens = input.tokens(opened);
      Score score =
          logitsOut
              .map(file -> new LogitsFile(file, opened).score(scorer, tokens, fitted))
              .orElseGet(() -> scorer.score(tokens, fitted));
      ObjectNode report = JsonNodeFactory.instance.objectNode();
      FittedAdapters.describe(fitted, report);
      ScoreReport.add(score, report);
      output.print(report, () -> ScoreReport.text(score));
    }
  }

  private FittedAdapter fit(Path folder, FrozenModel opened) {
    OptionalInt number = task.map(OptionalInt::of).orElse(OptionalInt.empty());
    return FittedAdapters.fit(folder, opened, number, output.err());
  }
}
