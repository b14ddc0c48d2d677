package dev.preamble.model.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No template hangs, exhausts memory or overflows the stack: it is refused. */
class ChatTemplateLimitsTest {
  private static final String MANY = "{% for a in range(99999) %}";
  private static final Conversation GREETING =
      Conversation.of(List.of(Conversation.message("user", "Hi")));

  @ParameterizedTest
  @ValueSource(
      strings = {
        MANY + MANY + "{% endfor %}{% endfor %}",
        MANY + "{% for b in range(99999) if false %}{% endfor %}{% endfor %}",
        MANY + "{{ range(99999) | list | length }}{% endfor %}",
        MANY + "{% set x = range(99999) | map('string') | join %}{% endfor %}",
        "{% set n = namespace(s='ab') %}" + MANY + "{% set n.s = n.s ~ n.s %}{% endfor %}",
        "{% set n = namespace(s='ab') %}" + MANY + "{% set n.s = n.s + n.s %}{% endfor %}",
        "{% set n = namespace(s=[1]) %}" + MANY + "{% set n.s = n.s + n.s %}{% endfor %}",
        "{% set n = namespace(s=9) %}" + MANY + "{% set n.s = n.s * n.s %}{% endfor %}",
        "{% set n = namespace(s=[]) %}" + MANY + "{% set n.s = [n.s] %}{% endfor %}{{ n.s }}",
        "{% set n = namespace(s=[]) %}"
            + MANY
            + "{% set n.s = [n.s] %}{% endfor %}{{ n.s|tojson }}",
        "{% set n = namespace(s=[]) %}"
            + MANY
            + "{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s == n.s + [] }}",
        "{% set n = namespace(s=[1]) %}"
            + "{% for a in range(60) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s }}",
        "{{ 'a' * 99999999 }}",
        "{{ ('a' * 9999999).replace('', 'bb') }}",
        "{% set x = 'a' * 9999999 %}" + MANY + "{{ x in x }}{% endfor %}",
        "{{ ('a' * 9999999 ~ 'b') in ('a' * 9999999) }}{{ ('a' * 9999).split('a' * 4999 ~ 'b') }}"
            + MANY
            + "{{ ('a' * 9999).find('a' * 4999 ~ 'b') }}{% endfor %}",
        "{% set x = 'a,' * 999999 %}" + MANY + "{% set y = x.split(',') %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{% if true %}{% if true %}{% if true %}{{ [[[[m()]]]] }}"
            + "{% endif %}{% endif %}{% endif %}{% endmacro %}{{ m() }}",
        "{{ 'x' | indent(1000) }}" + MANY + "{{ ('a\n' * 9999) | indent(1000) }}{% endfor %}",
      })
  void aTemplateThatDoesNotEndIsRefused(String source) {
    ChatTemplate template = ChatTemplate.parse("endless", source, Map.of());
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> assertThrows(ChatTemplateException.class, () -> template.render(GREETING)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"(", "[", "{'a':", "-", "not ", "1 if ", "1 + ", "'a' ~ ", "a|trim|", "a."})
  void aTemplateOfEndlessBracketsIsRefused(String part) {
    String source = "{{ " + part.repeat(100_000) + " }}";
    assertThrows(ChatTemplateException.class, () -> ChatTemplate.parse("deep", source, Map.of()));
  }

  @Test
  void endlessTagsInOneAnotherAreRefused() {
    String source = "{% if true %}".repeat(10_000) + "{% endif %}".repeat(10_000);
    assertThrows(ChatTemplateException.class, () -> ChatTemplate.parse("deep", source, Map.of()));
  }

  @Test
  void aLongConversationIsRendered() {
    List<JsonNode> messages =
        java.util.stream.IntStream.range(0, 2000)
            .<JsonNode>mapToObj(
                i ->
                    Conversation.message(
                        i % 2 == 0 ? "user" : "assistant", "some words ".repeat(50) + i))
            .toList();
    String text = ChatData.template("qwen3").render(Conversation.of(messages));
    assertTrue(text.length() > 1_000_000, "characters: " + text.length());
  }

  @Test
  void deeplyNestedJsonIsRefused() {
    JsonNode deep = JsonNodeFactory.instance.arrayNode();
    for (int i = 0; i < 900; i++) {
      deep = JsonNodeFactory.instance.arrayNode().add(deep);
    }
    Conversation conversation = GREETING.withVariable("x", deep);
    ChatTemplate template = ChatTemplate.parse("tiny", "{{ x }}", Map.of());
    assertThrows(ChatTemplateException.class, () -> template.render(conversation));
    assertEquals(
        "[]", template.render(GREETING.withVariable("x", JsonNodeFactory.instance.arrayNode())));
  }
}
