package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.BatchingEngine;
import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineOptions;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.generation.GeneratedToken;
import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.TokenListener;
import dev.preamble.model.FrozenModel;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code generate}: a prompt continued under each adapter given, or by the model as it is. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    description = "Continues a prompt, greedily: once for each adapter, or by the model as it is.")
final class GenerateCommand implements Runnable {
  private static final int MAX_TOKENS = 64;

  @Mixin private ModelOption model;
  @Mixin private OutputOptions output;

  @ArgGroup(multiplicity = "1")
  private Prompt prompt;

  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      description = "Folder of an adapter; may be given several times.")
  private List<Path> adapters = List.of();

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "Tokens to generate at most; " + MAX_TOKENS + " or what fits, if not given.")
  private Optional<Integer> maxTokens = Optional.empty();

  @Option(names = "--stop", paramLabel = "TEXT", description = "Text that ends the answer.")
  private List<String> stop = List.of();

  @Option(names = "--stream", description = "Print the text as it comes.")
  private boolean stream;

  static final class Prompt {
    @Option(names = "--prompt", paramLabel = "TEXT", description = "Text to continue.")
    private Optional<String> text = Optional.empty();

    @Option(
        names = "--token-ids",
        split = ",",
        paramLabel = "ID",
        description = "Token ids to continue, taken as they are.")
    private List<Integer> ids = List.of();

    int[] tokens(FrozenModel model) {
      return text.map(used -> model.tokenizer().encode(used, true))
          .orElseGet(() -> ids.stream().mapToInt(Integer::intValue).toArray());
    }
  }

  @Override
  public void run() {
    if (stream && output.isJson()) {
      throw new UsageException(
          "--stream prints text as it comes, --json one object at the end; choose one");
    }
    try (FrozenModel opened = model.open();
        Engine engine =
            BatchingEngine.open(
                opened,
                EngineOptions.defaults()
                    .withThreads(model.threads())
                    .withQueue(Math.max(1, adapters.size())))) {
      int[] tokens = prompt.tokens(opened);
      List<Optional<FittedAdapter>> fitted = new ArrayList<>();
      adapters.forEach(
          each -> fitted.add(Optional.of(FittedAdapters.fit(each, opened, output.err()))));
      if (fitted.isEmpty()) {
        fitted.add(Optional.empty());
      }
      List<GenerationRequest> requests =
          fitted.stream().map(adapter -> request(tokens, adapter, opened)).toList();
      if (output.isJson()) {
        output.out().println(json(tokens, engine, requests).toPrettyString());
      } else {
        print(engine, requests);
      }
    }
  }

  private GenerationRequest request(
      int[] tokens, Optional<FittedAdapter> adapter, FrozenModel opened) {
    GenerationRequest request =
        GenerationRequest.of(tokens)
            .withAdapter(adapter)
            .withStop(stop)
            .withLogProbabilities(output.isJson());
    int room =
        opened.manifest().contextLength() - request.virtualTokens() - request.prompt().length;
    return request.withMaxTokens(maxTokens.orElse(Math.clamp(room, 1, MAX_TOKENS)));
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
      answers.add(json(requests.get(i).adapter(), generations.get(i).await()));
    }
    return report;
  }

  private static ObjectNode json(Optional<FittedAdapter> adapter, GenerationResult result) {
    ObjectNode answer = JsonNodeFactory.instance.objectNode();
    FittedAdapters.describe(adapter, answer);
    answer.put("text", result.text());
    answer.put("finish_reason", result.finishReason().name().toLowerCase(Locale.ROOT));
    ArrayNode tokens = answer.putArray("tokens");
    for (GeneratedToken token : result.tokens()) {
      tokens
          .addObject()
          .put("id", token.id())
          .put("text", token.text())
          .put("log_probability", token.logProbability().orElseThrow());
    }
    answer
        .putObject("milliseconds")
        .put("first_token", milliseconds(result.timing().firstToken()))
        .put("total", milliseconds(result.timing().total()));
    return answer;
  }

  private void print(Engine engine, List<GenerationRequest> requests) {
    PrintWriter out = output.out();
    for (GenerationRequest request : requests) {
      if (requests.size() > 1) {
        out.println("== " + request.adapter().map(FittedAdapter::name).orElse(""));
      }
      GenerationResult result = engine.submit(request, listener(out)).await();
      out.println(stream ? "" : result.text());
      out.flush();
      if (output.showsProgress()) {
        output.err().println(summary(result));
      }
    }
  }

  private TokenListener listener(PrintWriter out) {
    return token -> {
      if (stream) {
        out.print(token.text());
        out.flush();
      }
    };
  }

  private static String summary(GenerationResult result) {
    int tokens = result.tokens().size();
    double first = milliseconds(result.timing().firstToken());
    double rest = milliseconds(result.timing().total()) - first;
    return String.format(
        Locale.ROOT,
        "preamble: %d tokens (%s), first after %.1f ms%s",
        tokens,
        result.finishReason().name().toLowerCase(Locale.ROOT),
        first,
        tokens < 2 ? "" : String.format(Locale.ROOT, ", then %.2f ms each", rest / (tokens - 1)));
  }

  private static double milliseconds(Duration duration) {
    return duration.toNanos() / 1e6;
  }
}
