package dev.preamble.model.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.oracle.Oracle;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Real transformers, asked now: the committed texts are its own, and random templates agree. */
class ChatTemplateOracleTest {
  private static final String[] PIECES = {
    " ",
    "  ",
    "\n",
    "\n\n",
    "\t",
    "a",
    "b ",
    " c\n",
    "{# x #}",
    "{#- x -#}",
    "{{ 1 }}",
    "{{- 2 }}",
    "{{ 3 -}}",
    "{{- 4 -}}",
    "{% set q = 1 %}",
    "{%- set q = 1 %}",
    "{% set q = 1 -%}",
    "{%+ set q = 1 %}",
    "{% set q = 1 +%}",
    "{{ '\n' }}",
    "\r\n",
    " {% if true %} ",
  };

  @Test
  void theCommittedTextsAreTransformersOwn() {
    List<JsonNode> chats = new ArrayList<>();
    List<JsonNode> committed = new ArrayList<>();
    ChatData.expected()
        .properties()
        .forEach(
            family ->
                family
                    .getValue()
                    .properties()
                    .forEach(
                        conversation -> {
                          for (int prompted = 0; prompted < 2; prompted++) {
                            ObjectNode chat =
                                ChatData.conversations().get(conversation.getKey()).deepCopy();
                            chat.put("template", ChatData.source(family.getKey()));
                            chat.set("special_tokens", ChatData.specialTokens(family.getKey()));
                            chats.add(chat.put("add_generation_prompt", prompted == 1));
                            committed.add(conversation.getValue().get(prompted));
                          }
                        }));
    JsonNode results = render(chats);
    assertTrue(chats.size() > 400, "chats: " + chats.size());
    for (int i = 0; i < chats.size(); i++) {
      assertEquals(results.get(i), committed.get(i), chats.get(i).toPrettyString());
    }
  }

  @Test
  void whiteSpaceAroundTagsIsDroppedAsInJinja() {
    Random random = new Random(5);
    List<JsonNode> chats = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      StringBuilder template = new StringBuilder();
      int open = 0;
      for (int j = random.nextInt(1, 12); j > 0; j--) {
        String piece = PIECES[random.nextInt(PIECES.length)];
        open += piece.contains("if") ? 1 : 0;
        template.append(piece);
      }
      template.append(
          (random.nextBoolean() ? "\n  {% endif %}\n" : " {%- endif -%} ").repeat(open));
      ObjectNode chat = JsonNodeFactory.instance.objectNode();
      chat.put("template", template.toString()).putArray("messages");
      chat.withArray("messages").add(Conversation.message("user", "Hi"));
      chats.add(chat);
    }
    JsonNode results = render(chats);
    Conversation greeting = ChatData.greeting(JsonNodeFactory.instance.objectNode());
    for (int i = 0; i < chats.size(); i++) {
      String template = chats.get(i).get("template").textValue();
      JsonNode found =
          ChatData.outcome(() -> ChatTemplate.parse("random", template, Map.of()).render(greeting));
      ChatTemplateTest.assertSame(template, results.get(i), found);
    }
  }

  @Test
  void timesAreToldAsPythonTellsThem() {
    List<String> times =
        List.of("2024-02-03T04:05:06.000007", "1999-12-31T23:59:59", "2025-10-10T12:00:00");
    List<String> formats =
        List.of(
            "%d %B %Y",
            "%Y-%m-%d",
            "%b %d, %y %I:%M %p",
            "%A %a %j %H:%M:%S.%f",
            "%-d %-m %-H %-I %-M %-j",
            "%F %T %R %D %h %%");
    JsonNode texts =
        Oracle.shared().call("strftime", Map.of("times", times, "formats", formats)).get("texts");
    for (int i = 0; i < times.size(); i++) {
      Clock clock =
          Clock.fixed(LocalDateTime.parse(times.get(i)).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
      for (int j = 0; j < formats.size(); j++) {
        String source = "{{ strftime_now('%s') }}".formatted(formats.get(j));
        assertEquals(
            texts.get(i).get(j).textValue(),
            ChatTemplate.parse("time", source, Map.of(), clock)
                .render(ChatData.greeting(JsonNodeFactory.instance.objectNode())));
      }
    }
  }

  private static JsonNode render(List<JsonNode> chats) {
    return Oracle.shared().call("render_chats", Map.of("chats", chats)).get("results");
  }
}
