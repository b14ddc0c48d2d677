package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.BatchingEngine;
import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineOptions;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.TokenListener;
import dev.preamble.generation.sampling.Constraint;
import dev.preamble.model.FrozenModel;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code generate}: prompts continued under each adapter given, or by the model as it is. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Continues a prompt: once for each adapter, or by the model as it is. With --file every line of a file is answered into another, many at once; a run that was ended goes on where it was.")
final class GenerateCommand implements Runnable {
  private static final int MAX_TOKENS = 64;

  /** Lines of a file whose answers may be on their way at once. */
  private static final int TOGETHER = 128;

  @Mixin private ModelOption model;

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Option(
      names = "--chat",
      description = "The prompt is a user's message, put into the model's chat template.")
  private boolean chat;

  @Option(names = "--system", paramLabel = "TEXT", description = "With --chat: system message.")
  private Optional<String> system = Optional.empty();

  @Mixin private NamedAdapters adapters;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "Tokens to generate at most; " + MAX_TOKENS + " or what fits, if not given.")
  private Optional<Integer> maxTokens = Optional.empty();

  @Option(names = "--stop", paramLabel = "TEXT", description = "Text that ends the answer.")
  private List<String> stop = List.of();

  @Option(
      names = "--n",
      paramLabel = "N",
      defaultValue = "1",
      description = "Answers of each adapter, each with a seed of its own.")
  private int count;

  @Mixin private SamplingOptions sampling;
  @Mixin private ConstraintOptions constraint;

  @Option(names = "--stream", description = "Print the text as it comes.")
  private boolean stream;

  @Option(
      names = "--alternatives",
      paramLabel = "K",
      defaultValue = "0",
      description = "With --json: so many most probable tokens beside each token.")
  private int alternatives;

  @Mixin private OutputOptions output;

  static final class Source {
    @Option(names = "--prompt", paramLabel = "TEXT", description = "Text to continue.")
    private Optional<String> text = Optional.empty();

    @Option(
        names = "--token-ids",
        split = ",",
        paramLabel = "ID",
        description = "Token ids to continue, taken as they are.")
    private List<Integer> ids = List.of();

    @ArgGroup(exclusive = false)
    private Files files;
  }

  static final class Files {
    @Option(
        names = "--file",
        required = true,
        paramLabel = "FILE",
        description =
            "JSON lines with \"prompt\", \"messages\" or \"token_ids\", and \"id\" if wanted.")
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
    check();
    try (FrozenModel opened = model.open();
        Engine engine = BatchingEngine.open(opened, options())) {
      PromptReader prompts = new PromptReader(opened, chat, system);
      List<Optional<FittedAdapter>> fitted = adapters.fit(opened, output.err());
      Optional<Constraint> must = constraint.constraint(opened);
      if (source.files != null) {
        new LineJob(source.files.in, source.files.out, output)
            .run(
                "answering",
                TOGETHER,
                (row, line) ->
                    begin(engine, requests(prompts.tokens(row), fitted, must, opened, line - 1)));
        return;
      }
      int[] tokens =
          source
              .text
              .map(prompts::tokens)
              .orElseGet(() -> source.ids.stream().mapToInt(Integer::intValue).toArray());
      List<GenerationRequest> requests = requests(tokens, fitted, must, opened, 0);
      if (output.isJson()) {
        output.out().println(json(tokens, engine, requests).toPrettyString());
      } else {
        print(engine, requests);
      }
    }
  }

  private void check() {
    if (stream && output.isJson()) {
      throw new UsageException(
          "--stream prints text as it comes, --json one object at the end; choose one");
    }
    if (source.files != null && stream) {
      throw new UsageException("--stream prints text as it comes, --file writes it to --out");
    }
    if (source.text.isEmpty() && chat && source.files == null) {
      throw new UsageException("--chat takes a text; give --prompt or --file");
    }
    adapters.check();
    if (count < 1) {
      throw new UsageException("--n: expected at least 1, found " + count);
    }
  }

  private EngineOptions options() {
    int rows = count * Math.max(1, adapters.count());
    return EngineOptions.defaults()
        .withThreads(model.threads())
        .withQueue(source.files == null ? rows : (TOGETHER + 1) * rows);
  }

  /**
   * The requests for one prompt.
   *
   * @param place which prompt of several it is, from 0 on: each has seeds of its own
   */
  private List<GenerationRequest> requests(
      int[] tokens,
      List<Optional<FittedAdapter>> fitted,
      Optional<Constraint> must,
      FrozenModel opened,
      long place) {
    List<GenerationRequest> requests = new ArrayList<>();
    for (Optional<FittedAdapter> adapter : fitted) {
      GenerationRequest request =
          GenerationRequest.of(tokens)
              .withAdapter(adapter)
              .withStop(stop)
              .withConstraint(must)
              .withLogProbabilities(
                  output.isJson() && source.files == null
                      ? OptionalInt.of(alternatives)
                      : OptionalInt.empty());
      int room = opened.manifest().contextLength() - request.virtualTokens() - tokens.length;
      request
          .withMaxTokens(maxTokens.orElse(Math.clamp(room, 1, MAX_TOKENS)))
          .withSampling(sampling.sampling().forRow(Math.toIntExact(place * count)))
          .rows(count)
          .forEach(requests::add);
    }
    return requests;
  }

  private ObjectNode json(int[] tokens, Engine engine, List<GenerationRequest> requests) {
    List<Generation> generations = requests.stream().map(engine::submit).toList();
    ObjectNode report = JsonNodeFactory.instance.objectNode();
    ArrayNode ids = report.putArray("prompt_token_ids");
    for (int token : tokens) {
      ids.add(token);
    }
    ArrayNode answers = report.putArray("answers");
    for (int i = 0; i < requests.size(); i++) {
      answers.add(AnswerReport.whole(requests.get(i).adapter(), generations.get(i).await()));
    }
    return report;
  }

  private static LineJob.Pending begin(Engine engine, List<GenerationRequest> requests) {
    List<Generation> generations = requests.stream().map(engine::submit).toList();
    return () -> {
      ObjectNode report = JsonNodeFactory.instance.objectNode();
      ArrayNode answers = report.putArray("answers");
      for (int i = 0; i < requests.size(); i++) {
        answers.add(AnswerReport.brief(requests.get(i).adapter(), generations.get(i).await()));
      }
      return report;
    };
  }

  private void print(Engine engine, List<GenerationRequest> requests) {
    PrintWriter out = output.out();
    // Streamed answers come one after the other; otherwise all run together.
    List<Generation> together = stream ? List.of() : requests.stream().map(engine::submit).toList();
    for (int i = 0; i < requests.size(); i++) {
      GenerationRequest request = requests.get(i);
      if (requests.size() > 1) {
        out.println("== " + request.adapter().map(FittedAdapter::name).orElse("base model"));
      }
      GenerationResult result =
          stream ? engine.submit(request, listener(out)).await() : together.get(i).await();
      out.println(stream ? "" : result.text());
      out.flush();
      if (output.showsProgress()) {
        output.err().println(AnswerReport.summary(result));
      }
    }
  }

  private static TokenListener listener(PrintWriter out) {
    return token -> {
      out.print(token.text());
      out.flush();
    };
  }
}
