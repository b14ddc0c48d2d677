package dev.preamble.model.chat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Clock;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;

/**
 * A chat template: conversations to the text that the model continues, character for character what
 * {@code apply_chat_template} of transformers gives. May be used by several threads.
 */
public final class ChatTemplate {
  private static final int LONGEST_SOURCE = 1 << 20;

  private final String name;
  private final List<Statement> statements;
  private final Map<String, String> specialTokens;
  private final Clock clock;

  private ChatTemplate(
      String name, List<Statement> statements, Map<String, String> specialTokens, Clock clock) {
    this.name = name;
    this.statements = statements;
    this.specialTokens = Map.copyOf(specialTokens);
    this.clock = clock;
  }

  /**
   * Reads a template.
   *
   * @param name what messages call it
   * @param specialTokens the model's special tokens by variable, such as {@code bos_token}
   * @throws ChatTemplateException if it is malformed or uses what is not had here
   */
  public static ChatTemplate parse(String name, String source, Map<String, String> specialTokens) {
    return parse(name, source, specialTokens, Clock.systemDefaultZone());
  }

  /** As {@link #parse(String, String, Map)}, with the time that {@code strftime_now} tells. */
  public static ChatTemplate parse(
      String name, String source, Map<String, String> specialTokens, Clock clock) {
    try {
      if (source.length() > LONGEST_SOURCE) {
        throw new Fault("more than %,d characters".formatted(LONGEST_SOURCE));
      }
      return new ChatTemplate(name, StatementParser.parse(source), specialTokens, clock);
    } catch (Fault fault) {
      throw explained(name, fault, fault.line().orElse(1));
    }
  }

  /**
   * The text for {@code conversation}; it holds the special tokens, so that no more are added when
   * it is tokenized.
   *
   * @throws ConversationRefusedException if the template itself refuses the conversation
   * @throws ChatTemplateException if the template cannot be rendered with it
   */
  public String render(Conversation conversation) {
    JsonValues given = new JsonValues();
    Scope scope = new Scope();
    specialTokens.forEach((variable, token) -> scope.set(variable, new Value.Text(token)));
    Renderer renderer = null;
    try {
      for (Map.Entry<String, JsonNode> variable : conversation.variables().entrySet()) {
        scope.set(variable.getKey(), given.value(variable.getValue()));
      }
      scope.set("messages", given.list(conversation.messages()));
      scope.set("tools", conversation.tools().map(given::list).orElse(Value.NONE));
      scope.find("documents").ifPresentOrElse(set -> {}, () -> scope.set("documents", Value.NONE));
      scope.set("add_generation_prompt", Value.of(conversation.addGenerationPrompt()));
      Budget budget = new Budget(given.characters());
      renderer = new Renderer(new Evaluator(budget, LocalDateTime.now(clock)));
      return renderer.render(statements, scope);
    } catch (Fault fault) {
      throw explained(name, fault, renderer == null ? 1 : renderer.line());
    }
  }

  private static ChatTemplateException explained(String name, Fault fault, int line) {
    return new ChatTemplateException(
        "%s, line %d: %s".formatted(name, line, fault.getMessage()), fault);
  }
}
