package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.preamble.model.TextTokenizer;
import dev.preamble.model.chat.ChatTemplate;
import dev.preamble.training.data.BadRowException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Which tokens of a conversation are learned. */
class ConversationTokenizerTest {
  private static final TextTokenizer TOKENIZER =
      TextTokenizer.open(Path.of("test-fixtures/stories15M/tokenizer.json"));
  private static final String CHATML =
      "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>\n{% endfor %}"
          + "{% if add_generation_prompt %}<|assistant|>{% endif %}";
  private static final String THOUGHTLESS =
      "{% for m in messages %}<|{{ m['role'] }}|>"
          + "{% if m['role'] == 'assistant' and loop.last %}<think>{% endif %}"
          + "{{ m['content'] }}<|end|>\n{% endfor %}"
          + "{% if add_generation_prompt %}<|assistant|><think>{% endif %}";
  private static final String TALK =
      """
      [{"role":"user","content":"Who is there?"},{"role":"assistant","content":"A dog."},
       {"role":"user","content":"And who else?"},{"role":"assistant","content":"Lily, too."}]""";

  @AfterAll
  static void close() {
    TOKENIZER.close();
  }

  @Test
  void allThatTheAssistantSaysIsLearnedToTheTokenThatEndsIt() throws IOException {
    Example row = example(CHATML, TALK, DataOptions.plain(200));
    assertEquals("<|user|>Who is there?<|end|>\n<|assistant|>", TOKENIZER.decode(row.prompt()));
    assertEquals("A dog.<|end|>|Lily, too.<|end|>", learned(row));
  }

  @Test
  void orOnlyWhatItSaysLast() throws IOException {
    DataOptions last = DataOptions.plain(200).withAnswers(DataOptions.Answers.LAST);
    assertEquals("Lily, too.<|end|>", learned(example(CHATML, TALK, last)));
    assertEquals("Lily, too.<|end|>", learned(example(THOUGHTLESS, TALK, last)));
  }

  @Test
  void whatComesBehindTheLastAnswerIsLeftOut() throws IOException {
    String asked = TALK.replace("]", ",{\"role\":\"user\",\"content\":\"Bye\"}]");
    Example row = example(CHATML, asked, DataOptions.plain(200));
    assertEquals("A dog.<|end|>|Lily, too.<|end|>", learned(row));
  }

  @Test
  void aLongConversationKeepsItsEnd() throws IOException {
    Example row = example(CHATML, TALK, DataOptions.plain(30));
    assertEquals(30, row.length());
    assertTrue(learned(row).endsWith("Lily, too.<|end|>"), learned(row));
    assertEquals(row.completion().length - row.given().cardinality(), row.labels());
  }

  @Test
  void aHardPromptStandsBeforeTheFirstMessage() throws IOException {
    Example row = example(CHATML, TALK, DataOptions.plain(200).withHardPrompt("Be kind. "));
    assertTrue(TOKENIZER.decode(row.prompt()).startsWith("<|user|>Be kind. Who"));
  }

  @Test
  void whatCannotBeLearnedFromIsABadRow() {
    assertBad(THOUGHTLESS, TALK, "--answers last");
    assertBad(CHATML, "[{\"role\":\"user\",\"content\":\"a\"}]", "role assistant");
    assertBad(CHATML, "[{\"role\":\"assistant\",\"content\":\"a\"}]", "behind another one");
    assertBad(CHATML, "[7]", "role and content");
    assertBad("{{ raise_exception('no talk') }}", TALK, "no talk");
  }

  private static void assertBad(String template, String messages, String part) {
    BadRowException fault =
        assertThrows(
            BadRowException.class, () -> example(template, messages, DataOptions.plain(200)));
    assertTrue(fault.getMessage().contains(part), fault.getMessage());
  }

  /** The spans that are learned, between bars. */
  private static String learned(Example row) {
    StringBuilder text = new StringBuilder();
    int at = 0;
    while ((at = row.given().nextClearBit(at)) < row.completion().length) {
      int next = row.given().nextSetBit(at);
      int end = next < 0 ? row.completion().length : next;
      int[] span = java.util.Arrays.copyOfRange(row.completion(), at, end);
      text.append(text.isEmpty() ? "" : "|").append(TOKENIZER.decode(span).strip());
      at = end;
    }
    return text.toString();
  }

  private static Example example(String template, String messages, DataOptions options)
      throws IOException {
    JsonNode turns = new ObjectMapper().readTree(messages);
    ChatTemplate parsed = ChatTemplate.parse("test", template, Map.of());
    return new ConversationTokenizer(conversation -> parsed, TOKENIZER, options)
        .example(turns, MissingNode.getInstance());
  }
}
