package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.model.TextTokenizer;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How JSON lines become token ids, and what is refused. */
class DataReaderTest {
  private static final TextTokenizer TOKENIZER =
      TextTokenizer.open(Path.of("test-fixtures/stories15M/tokenizer.json"));
  private static final Map<String, String> WORDS = Map.of("location", "place", "human", "person");

  @AfterAll
  static void close() {
    TOKENIZER.close();
  }

  @Test
  void aLabelBecomesTheTokenOfItsWordBehindTheTemplate() throws IOException {
    Dataset data = read(options(32, 0), "{\"text\":\"Who was Galileo ?\",\"label\":\"human\"}\n\n");
    Example row = data.examples().getFirst();
    assertArrayEquals(TOKENIZER.encode("Who was Galileo ? It is a", true), row.prompt());
    assertEquals("person", TOKENIZER.decode(row.completion()).strip());
    assertEquals(1, row.completion().length);
    LabelWords labels = data.labels().orElseThrow();
    assertEquals("human", labels.labels().get(row.label().getAsInt()));
    assertEquals(row.completion()[0], labels.tokens().get(row.label().getAsInt()));
  }

  @Test
  void aLongTextKeepsItsEnd() throws IOException {
    String text = "word ".repeat(200) + "end";
    Dataset data = read(options(20, 0), "{\"text\":\"" + text + "\",\"label\":\"human\"}");
    Example row = data.examples().getFirst();
    assertEquals(20, row.length());
    assertTrue(TOKENIZER.decode(row.prompt()).endsWith("word end It is a"));
  }

  @Test
  void aCompletionIsTokenizedWithItsPromptAndEndsTheText() throws IOException {
    Dataset data = read(options(64, 0), "{\"prompt\":\"Once upon\",\"completion\":\" a time\"}");
    Example row = data.examples().getFirst();
    assertArrayEquals(TOKENIZER.encode("Once upon", true), row.prompt());
    int[] whole = TOKENIZER.encode("Once upon a time", true);
    assertEquals(whole.length + 1, row.length());
    assertEquals(2, row.completion()[row.completion().length - 1], "end of text");
    assertEquals(OptionalInt.empty(), row.label());
  }

  @Test
  void aBadLineIsNamedByNumberAndReason() {
    String good = "{\"text\":\"a\",\"label\":\"human\"}\n";
    assertFault(good + "{\"text\":", "line 2: expected JSON, a whole object a line");
    assertFault(good + good + "{\"txt\":1}", "line 3: expected fields text and label");
    assertFault("{\"text\":\"a\",\"label\":\"animal\"}", "found \"animal\"");
    assertFault("{\"text\":7,\"label\":\"human\"}", "text: expected a text, found NUMBER");
    assertFault("[1]", "line 1: expected fields in a JSON object, found ARRAY");
    assertFault(good + "{\"text\":\"a\",\"label\":\"human\"} {}", "line 2: expected JSON");
    assertFault("{\"text\":\"a\",\"text\":\"b\",\"label\":\"human\"}", "Duplicate field");
    assertFault("", "at least one row");
  }

  @Test
  void allowedBadLinesAreCountedAndLeftOut() throws IOException {
    Dataset data = read(options(32, 1), "oops\n{\"text\":\"a\",\"label\":\"human\"}");
    assertEquals(1, data.examples().size());
    assertEquals(1, data.badLines().getFirst().number());
  }

  @Test
  void wordsMustBeOneTokenEachAndDiffer() {
    assertWords(Map.of("a", "antidisestablishment"), "one token");
    assertWords(Map.of("a", "place", "b", "place"), "a word each");
    assertThrows(TrainingException.class, () -> DataReader.labelWords("a=x,a=y"));
    assertThrows(TrainingException.class, () -> DataReader.labelWords("a="));
    assertEquals(Map.of("a", "x", "b", "b"), DataReader.labelWords("a=x, b"));
  }

  @Test
  void filesThatCannotBeReadAreNamed(@TempDir Path folder) throws IOException {
    Path latin = folder.resolve("latin.jsonl");
    Files.write(latin, new byte[] {'{', (byte) 0xe9, '}'});
    DataReader reader = new DataReader(TOKENIZER, options(32, 0), OptionalInt.of(2));
    for (Path file : new Path[] {latin, folder.resolve("none.jsonl"), folder}) {
      TrainingException fault = assertThrows(TrainingException.class, () -> reader.read(file));
      assertTrue(fault.getMessage().contains(file.toString()), fault.getMessage());
    }
  }

  private static void assertWords(Map<String, String> words, String part) {
    DataOptions options = new DataOptions("", new Template("{text} It is a"), words, 32, 0);
    TrainingException fault =
        assertThrows(
            TrainingException.class, () -> new DataReader(TOKENIZER, options, OptionalInt.of(2)));
    assertTrue(fault.getMessage().contains(part), fault.getMessage());
  }

  private static void assertFault(String lines, String part) {
    TrainingException fault =
        assertThrows(TrainingException.class, () -> read(options(32, 0), lines));
    assertTrue(fault.getMessage().contains(part), fault.getMessage());
  }

  private static DataOptions options(int maxTokens, int badLines) {
    return new DataOptions("", new Template("{text} It is a"), WORDS, maxTokens, badLines);
  }

  private static Dataset read(DataOptions options, String lines) throws IOException {
    return new DataReader(TOKENIZER, options, OptionalInt.of(2))
        .read("rows.jsonl", new StringReader(lines));
  }
}
