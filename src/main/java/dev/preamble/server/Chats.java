package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.PreambleException;
import dev.preamble.generation.GenerationRequest;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.chat.Conversation;
import io.vertx.core.buffer.Buffer;
import java.util.List;

/** {@code POST /v1/chat/completions}: what the model says next in a conversation. */
final class Chats {
  private final Answers answers;
  private final FrozenModel model;

  Chats(Answers answers) {
    this.answers = answers;
    this.model = answers.frozen();
  }

  void answer(Exchange exchange) {
    answers.answer(exchange, body -> prepare(exchange, body));
  }

  private Answers.Prepared prepare(Exchange exchange, Buffer body) {
    ChatRequest request = ChatRequest.parse(body.getBytes(), answers.limits());
    ServedModel served = answers.model(request.common(), exchange);
    int[] tokens = model.tokenizer().encode(rendered(request.conversation()), false);
    GenerationRequest prompt =
        GenerationRequest.of(tokens)
            .withLogProbabilities(request.logprobs())
            .withMaxTokens(request.maxTokens().orElseGet(() -> room(served, tokens)));
    ChatJson form = new ChatJson(AnswerHead.of("chatcmpl", served.id()), request, answers.texts());
    List<String> shown =
        request.conversation().messages().stream().map(JsonNode::toString).toList();
    return answers.prepared(request.common(), served, List.of(prompt), shown, form);
  }

  private String rendered(Conversation conversation) {
    try {
      return model.chatTemplate(conversation).render(conversation);
    } catch (PreambleException fault) {
      throw ApiError.badField(
          "messages",
          "messages: " + fault.getMessage().replace(model.folder().toString(), "the model"));
    }
  }

  /** What is left of the context, at least the one token that every request asks for. */
  private int room(ServedModel served, int[] prompt) {
    int taken = prompt.length + served.adapter().map(adapter -> adapter.virtualTokens()).orElse(0);
    return Math.max(1, model.manifest().contextLength() - taken);
  }
}
