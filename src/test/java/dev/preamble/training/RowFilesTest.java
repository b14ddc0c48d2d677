package dev.preamble.training;

import static java.util.Arrays.stream;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.model.TextTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** CSV, TSV and files larger than the memory that rows may take. */
class RowFilesTest {
  private static final TextTokenizer TOKENIZER =
      TextTokenizer.open(Path.of("test-fixtures/stories260K/tokenizer.json"));

  @TempDir Path folder;

  @AfterAll
  static void close() {
    TOKENIZER.close();
  }

  @Test
  void csvHasNamedColumnsAndQuotedFieldsOverSeveralLines() throws IOException {
    Path file =
        write(
            "rows.csv",
            "\ufeffid,prompt,completion\r\n"
                + "1,\"Lily said, \"\"no\"\"\",\" and\nleft\"\r\n"
                + "\r\n"
                + "2,Once,\" upon \"\r\n");
    Dataset data = reader(0).read(file);
    assertEquals(List.of("Lily said, \"no\" and\nleft", "Once upon "), texts(data));
  }

  @Test
  void columnsAreRenamed() throws IOException {
    Path table = write("rows.tsv", "question\tanswer\nWho?\t\"a\tdog\"\n");
    Path lines = write("rows.jsonl", "{\"question\":\"Who?\",\"answer\":\"a\\tdog\"}\n");
    Map<String, String> columns = DataReader.columns("prompt=question,completion=answer");
    for (Path file : List.of(table, lines)) {
      DataOptions options = DataOptions.plain(64).withColumns(columns);
      Dataset data = new DataReader(TOKENIZER, options, OptionalInt.empty()).read(file);
      assertEquals(List.of("Who?a\tdog"), texts(data));
    }
  }

  @Test
  void badRowsOfATableAreNamedByTheLineOnWhichTheyBegin() throws IOException {
    String head = "prompt,completion\n\"a\nb\",c\n";
    assertFault("bad.csv", head + "x,y,z\n", "bad.csv line 4: expected 2 fields");
    assertFault("open.csv", head + "x,\"y\n\nz", "open.csv line 4: expected a closing quote");
    assertFault("twice.csv", "a,a\n", "twice.csv line 1: expected the names of the columns");
    assertFault("other.csv", "a,b\n1,2\n", "found [a, b]; --columns says which");
    assertFault("none.csv", "prompt,completion\n", "none.csv: expected at least one row");
  }

  @Test
  void bytesThatAreNoTextAreABadLine() throws IOException {
    Path file = folder.resolve("latin.csv");
    Files.write(file, "prompt,completion\n\u00e9,a\nb,c\n".getBytes("ISO-8859-1"));
    Dataset data = reader(1).read(file);
    assertEquals(List.of("bc"), texts(data));
    assertEquals(
        new Dataset.BadLine(2, "expected UTF-8 text, found other bytes"),
        data.badLines().getFirst());
  }

  @Test
  void moreBadLinesThanAreToldAreCounted() throws IOException {
    Path file = write("rows.jsonl", "oops\n".repeat(1000) + row("a", "b"));
    Dataset data = reader(1000).read(file);
    assertEquals(1000, data.leftOut());
    assertEquals(100, data.badLines().size());
    assertThrows(TrainingException.class, () -> reader(999).read(file));
  }

  @Test
  void rowsWithoutRoomForTheirBeginningAreCounted() throws IOException {
    Path file = write("rows.jsonl", row("la ".repeat(100), "a") + row("b", "c"));
    Dataset data = reader(0).read(file);
    assertEquals(1, data.shortened());
    Example cut = data.examples().getFirst();
    assertEquals(64, cut.length());
    assertEquals(TOKENIZER.encode("la ".repeat(100) + "a", true).length, cut.length() + cut.cut());
    assertEquals(0, data.examples().getLast().cut());
  }

  @Test
  void rowsBeyondTheBudgetAreReadAgainFromTheFileAndAreTheSame() throws IOException {
    StringBuilder lines = new StringBuilder();
    Random random = new Random(1);
    for (int i = 0; i < 2000; i++) {
      lines.append(row("Row %d %s".formatted(i, "la ".repeat(random.nextInt(9))), " end \u00e9"));
    }
    Path file = write("rows.jsonl", lines.toString());
    try (Dataset whole = reader(0).read(file);
        Dataset streamed = reader(0).keeping(1000).read(file)) {
      IndexedExamples indexed = (IndexedExamples) streamed.examples();
      assertEquals(2000, ((IndexedExamples) whole.examples()).kept());
      int keptTokens = 0;
      for (int i = 0; i < indexed.kept(); i++) {
        keptTokens += streamed.length(i);
      }
      assertTrue(indexed.kept() > 10 && keptTokens <= 1000, "kept " + keptTokens);
      for (int i = 1999; i >= 0; i--) {
        Example expected = whole.examples().get(i);
        Example found = streamed.examples().get(i);
        assertEquals(expected.length(), streamed.length(i));
        assertArrayEquals(expected.prompt(), found.prompt());
        assertArrayEquals(expected.completion(), found.completion());
      }
      assertEquals(whole.digest(), streamed.digest());

      Files.writeString(file, lines.toString().replace("{", "<"));
      PreambleException fault =
          assertThrows(PreambleException.class, () -> streamed.examples().get(1999));
      assertTrue(fault.getMessage().contains("line 2000: the file has changed"));
    }
  }

  /** Known of rows that are not kept, too. */
  @Test
  void theMostLabelsOfARowAreKnown() throws IOException {
    String rows = row("la", " a").repeat(40) + row("la", " la la la la") + row("la", " a");
    int most =
        TOKENIZER.encode("la la la la la", true).length - TOKENIZER.encode("la", true).length;
    Path file = write("rows.jsonl", rows);
    try (Dataset streamed = reader(0).keeping(20).read(file)) {
      assertEquals(most, streamed.mostLabels());
      List<Example> read = List.copyOf(streamed.examples());
      assertEquals(most, new Dataset("", read, Optional.empty(), List.of()).mostLabels());
    }
  }

  @Test
  void aLineLongerThanAnyRowIsRefusedWithoutFillingTheMemory() throws IOException {
    Path file = write("rows.jsonl", "x".repeat((16 << 20) + 1) + "\n" + row("a", "b"));
    Dataset data = reader(1).read(file);
    assertTrue(data.badLines().getFirst().reason().contains("at most 16,777,216 bytes"));
    assertEquals(1, data.examples().size());
  }

  private void assertFault(String name, String content, String part) throws IOException {
    Path file = write(name, content);
    PreambleException fault = assertThrows(PreambleException.class, () -> reader(0).read(file));
    assertTrue(fault.getMessage().contains(part), fault.getMessage());
  }

  private static DataReader reader(int badLines) {
    DataOptions options = new DataOptions("", new Template(Template.PLACE), Map.of(), 64, badLines);
    return new DataReader(TOKENIZER, options, OptionalInt.empty());
  }

  private static String row(String prompt, String completion) {
    return "{\"prompt\":\"%s\",\"completion\":\"%s\"}\n".formatted(prompt, completion);
  }

  private static List<String> texts(Dataset data) {
    return data.examples().stream()
        .map(row -> IntStream.concat(stream(row.prompt()), stream(row.completion())).toArray())
        .map(TOKENIZER::decode)
        .toList();
  }

  private Path write(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }
}
