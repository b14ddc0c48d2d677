package dev.preamble.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.TextTokenizer;
import dev.preamble.model.chat.ChatTemplate;
import dev.preamble.model.chat.ChatTemplateException;
import dev.preamble.model.chat.Conversation;
import dev.preamble.model.chat.ConversationRefusedException;
import dev.preamble.training.data.BadRowException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * A conversation, put through the model's chat template, to token ids. What is learned is what the
 * assistant says: from where its answer begins, the template's words before it left out, to the
 * token that ends the answer.
 *
 * <p>Where an answer stands is found by rendering the conversation up to it and including it: both
 * must be how the whole conversation begins. A template that writes earlier answers differently
 * once the conversation goes on, such as without the thoughts behind them, allows the last answer
 * only.
 */
final class ConversationTokenizer {
  private static final String ASSISTANT = "assistant";

  private final Function<Conversation, ChatTemplate> templates;
  private final TextTokenizer tokenizer;
  private final DataOptions options;

  /**
   * @param templates gives the template for a conversation; called when there is one
   */
  ConversationTokenizer(
      Function<Conversation, ChatTemplate> templates,
      TextTokenizer tokenizer,
      DataOptions options) {
    this.templates = templates;
    this.tokenizer = tokenizer;
    this.options = options;
  }

  /** Where an answer stands in the tokens of its conversation. */
  private record Span(int from, int to) {}

  /**
   * The conversation as tokens.
   *
   * @param tools what the model may call, an array where there is something
   * @throws BadRowException if it is none, or the template refuses it
   */
  Example example(JsonNode messages, JsonNode tools) {
    List<JsonNode> turns = turns(messages);
    int last = lastAnswer(turns);
    Renderer renderer = new Renderer(turns, tools);
    String text = renderer.upTo(last + 1, false).stripTrailing();
    int[] tokens = tokenizer.encode(text, false);
    List<Span> spans = new ArrayList<>();
    for (int turn = 0; turn <= last; turn++) {
      boolean learned = turn == last || options.answers() == DataOptions.Answers.ALL;
      if (learned && isAnswer(turns.get(turn))) {
        spans.add(span(renderer, turn, text, tokens));
      }
    }
    return cut(tokens, spans);
  }

  private Span span(Renderer renderer, int turn, String text, int[] tokens) {
    String before = renderer.upTo(turn, true);
    String through = renderer.upTo(turn + 1, false).stripTrailing();
    if (!text.startsWith(before) || !text.startsWith(through)) {
      throw new BadRowException(
          "messages: the chat template writes what stands before message %d differently once the conversation goes on, so that no place in it is the answer's; learn the last answer alone with --answers last, or give each answer a row of its own"
              .formatted(turn + 1));
    }
    return new Span(common(before, tokens), common(through, tokens));
  }

  /** Tokens of the conversation that {@code beginning} has as well. */
  private int common(String beginning, int[] tokens) {
    int[] its = tokenizer.encode(beginning, false);
    int mismatch = Arrays.mismatch(its, tokens);
    return mismatch < 0 ? tokens.length : mismatch;
  }

  private Example cut(int[] tokens, List<Span> spans) {
    int skipped = Math.max(0, tokens.length - options.maxTokens());
    int first = Math.max(spans.getFirst().from(), skipped + 1);
    int end = spans.getLast().to();
    if (first >= end) {
      throw new BadRowException(
          "messages: expected an answer of at least one token%s"
              .formatted(skipped > 0 ? " within --max-tokens " + options.maxTokens() : ""));
    }
    BitSet given = new BitSet();
    given.set(0, end - first);
    for (Span span : spans) {
      given.clear(Math.max(0, span.from() - first), Math.max(0, span.to() - first));
    }
    return new Example(
        Arrays.copyOfRange(tokens, skipped, first),
        Arrays.copyOfRange(tokens, first, end),
        given,
        OptionalInt.empty(),
        0,
        skipped);
  }

  private List<JsonNode> turns(JsonNode messages) {
    List<JsonNode> turns = new ArrayList<>();
    for (JsonNode message : messages) {
      if (!message.path("role").isTextual()) {
        throw new BadRowException(
            "messages: expected objects with role and content, found " + message);
      }
      turns.add(message);
    }
    if (!options.hardPrompt().isEmpty() && !turns.isEmpty()) {
      ObjectNode first = turns.getFirst().deepCopy();
      turns.set(0, first.put("content", options.hardPrompt() + first.path("content").asText("")));
    }
    return turns;
  }

  private static int lastAnswer(List<JsonNode> turns) {
    for (int turn = turns.size() - 1; turn > 0; turn--) {
      if (isAnswer(turns.get(turn))) {
        return turn;
      }
    }
    throw new BadRowException(
        "messages: expected a message of the role assistant behind another one, found the roles "
            + turns.stream().map(turn -> turn.path("role").asText()).toList());
  }

  private static boolean isAnswer(JsonNode turn) {
    return turn.path("role").asText().equals(ASSISTANT);
  }

  /** The beginnings of a conversation as the template writes them. */
  private final class Renderer {
    private final List<JsonNode> turns;
    private final JsonNode tools;

    Renderer(List<JsonNode> turns, JsonNode tools) {
      this.turns = turns;
      this.tools = tools;
    }

    String upTo(int count, boolean answerFollows) {
      Conversation conversation =
          Conversation.of(turns.subList(0, count)).withGenerationPrompt(answerFollows);
      if (tools.isArray()) {
        List<JsonNode> described = new ArrayList<>();
        tools.forEach(described::add);
        conversation = conversation.withTools(described);
      }
      try {
        return templates.apply(conversation).render(conversation);
      } catch (ConversationRefusedException | ChatTemplateException fault) {
        throw new BadRowException("messages: " + fault.getMessage(), fault);
      }
    }
  }
}
