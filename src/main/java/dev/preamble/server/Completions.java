package dev.preamble.server;

import dev.preamble.PreambleException;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.model.FrozenModel;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** {@code POST /v1/completions}: texts that go on where the prompt ends. */
final class Completions {
  private final Answers answers;
  private final FrozenModel model;

  Completions(Answers answers) {
    this.answers = answers;
    this.model = answers.frozen();
  }

  void answer(Exchange exchange) {
    answers.answer(exchange, body -> prepare(exchange, body));
  }

  private Answers.Prepared prepare(Exchange exchange, Buffer body) {
    CompletionRequest request = CompletionRequest.parse(body.getBytes(), answers.limits());
    ServedModel served = answers.model(request.common(), exchange);
    List<GenerationRequest> prompts = new ArrayList<>();
    List<String> shown = new ArrayList<>();
    for (CompletionRequest.Prompt prompt : request.prompts()) {
      prompts.add(generation(request, tokens(prompt)));
      shown.add(text(prompt));
    }
    CompletionJson form =
        new CompletionJson(AnswerHead.of("cmpl", served.id()), request, shown, answers.texts());
    return answers.prepared(request.common(), served, prompts, shown, form);
  }

  private static GenerationRequest generation(CompletionRequest request, int[] tokens) {
    GenerationRequest row = GenerationRequest.of(tokens).withLogProbabilities(request.logprobs());
    return (request.echo() ? row.withPromptLogProbabilities(request.logprobs()) : row)
        .withMaxTokens(request.maxTokens());
  }

  private int[] tokens(CompletionRequest.Prompt prompt) {
    return switch (prompt) {
      case CompletionRequest.Prompt.Tokens tokens -> tokens.ids();
      case CompletionRequest.Prompt.Text text -> {
        try {
          yield model.tokenizer().encode(text.text(), true);
        } catch (PreambleException fault) {
          throw ApiError.badField("prompt", "prompt: " + fault.getMessage());
        }
      }
    };
  }

  private String text(CompletionRequest.Prompt prompt) {
    return switch (prompt) {
      case CompletionRequest.Prompt.Tokens tokens ->
          model
              .manifest()
              .tokenizer()
              .map(file -> model.tokenizer().decode(inVocabulary(tokens)))
              .orElse("");
      case CompletionRequest.Prompt.Text text -> text.text();
    };
  }

  /** The ids that a tokenizer can decode; the engine refuses the others. */
  private int[] inVocabulary(CompletionRequest.Prompt.Tokens tokens) {
    int vocabulary = model.manifest().vocabularySize();
    return Arrays.stream(tokens.ids()).filter(id -> id < vocabulary).toArray();
  }
}
