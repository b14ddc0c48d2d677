package dev.preamble.model.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Each template gives, for each conversation, what transformers gave. */
class ChatTemplateTest {
  @TestFactory
  Stream<DynamicTest> rendersAsTransformersDoes() {
    JsonNode conversations = ChatData.conversations();
    JsonNode expected = ChatData.expected();
    assertTrue(expected.size() >= 12, "templates: " + expected.size());
    return expected.properties().stream()
        .map(
            family ->
                DynamicTest.dynamicTest(
                    family.getKey(),
                    () -> check(family.getKey(), family.getValue(), conversations)));
  }

  private static void check(String family, JsonNode expected, JsonNode conversations) {
    ChatTemplate template = ChatData.template(family);
    for (Map.Entry<String, JsonNode> conversation : conversations.properties()) {
      for (boolean prompted : new boolean[] {false, true}) {
        JsonNode wanted = expected.get(conversation.getKey()).get(prompted ? 1 : 0);
        JsonNode found =
            ChatData.outcome(
                () -> template.render(ChatData.conversation(conversation.getValue(), prompted)));
        assertSame(conversation.getKey() + ", prompt " + prompted, wanted, found);
      }
    }
  }

  @TestFactory
  Stream<DynamicTest> eachFeatureWorksAsInJinja() {
    Conversation greeting = ChatData.greeting(ChatData.featureVariables());
    return ChatData.featuresExpected().properties().stream()
        .map(
            feature ->
                DynamicTest.dynamicTest(
                    "feature: " + feature.getKey().replace("\n", "⏎"),
                    () -> {
                      JsonNode found =
                          ChatData.outcome(
                              () ->
                                  ChatTemplate.parse("a feature", feature.getKey(), Map.of())
                                      .render(greeting));
                      assertSame(feature.getKey(), feature.getValue(), found);
                    }));
  }

  /** Where Python fails for its own reasons, any fault of ours will do. */
  static void assertSame(String what, JsonNode expected, JsonNode found) {
    if (expected.has("error")) {
      assertTrue(found.has("error"), what + ": expected a fault, found " + found);
    } else {
      assertEquals(expected, found, what);
    }
  }
}
