package dev.preamble.cli;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.ParserMessage;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * A file of JSON lines answered into another, a line for a line in the same order, many at a time.
 * Each answer says the number of its line, so that a run which was ended goes on behind the last
 * whole line that it left. What cannot be answered has an answer that says why, and is counted.
 */
final class LineJob {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LINE = "line";
  private static final String ERROR = "error";
  private static final int LONGEST_ANSWER = 1 << 26;

  private final Path in;
  private final Path out;
  private final OutputOptions output;
  private long answered;
  private long bad;
  private long skipped;

  /** Begins the answer to a row; whatever it throws is the row's fault. */
  @FunctionalInterface
  interface Begin {
    /**
     * @param line the row's line, from 1 on
     */
    Pending begin(JsonNode row, long line);
  }

  /** An answer that is on its way. */
  @FunctionalInterface
  interface Pending {
    /** Waits for the answer. */
    ObjectNode finish();
  }

  private record Waiting(long line, long bytes, Optional<JsonNode> id, Pending pending) {}

  LineJob(Path in, Path out, OutputOptions output) {
    this.in = in;
    this.out = out;
    this.output = output;
  }

  /**
   * Answers every line that has no answer yet, and prints how many there were.
   *
   * @param what what is done, for the progress
   * @param together answers that may be on their way at once
   */
  void run(String what, int together, Begin begin) {
    try (BufferedReader lines = Files.newBufferedReader(in);
        FileChannel to = open(lines);
        Progress progress = Progress.of(output, what, Files.size(in))) {
      long done = resume(to);
      Deque<Waiting> waiting = new ArrayDeque<>();
      long number = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        long bytes = line.getBytes(StandardCharsets.UTF_8).length + 1L;
        if (line.isBlank() || number <= done) {
          skipped += line.isBlank() ? 0 : 1;
          progress.step(bytes);
          continue;
        }
        if (waiting.size() == together) {
          answer(waiting.removeFirst(), to, progress);
        }
        waiting.add(begin(line, number, bytes, begin));
      }
      while (!waiting.isEmpty()) {
        answer(waiting.removeFirst(), to, progress);
      }
    } catch (CharacterCodingException fault) {
      throw new PreambleException(in + ": expected UTF-8 text, found other bytes", fault);
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot read %s and write %s: %s".formatted(in, out, WholeFile.reason(fault)), fault);
    }
    report();
  }

  /** Opens the file of answers, once it is clear that there is something to be read. */
  private FileChannel open(BufferedReader lines) throws IOException {
    lines.mark(1);
    lines.read();
    lines.reset();
    return FileChannel.open(
        out, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private static Waiting begin(String line, long number, long bytes, Begin begin) {
    Optional<JsonNode> id = Optional.empty();
    try {
      JsonNode row = JSON.readTree(line);
      id = Optional.ofNullable(row.get("id"));
      return new Waiting(number, bytes, id, begin.begin(row, number));
    } catch (JacksonException fault) {
      return failed(
          number, bytes, id, "expected JSON: " + ParserMessage.brief(fault.getOriginalMessage()));
    } catch (PreambleException fault) {
      return failed(number, bytes, id, fault.getMessage());
    }
  }

  private static Waiting failed(long number, long bytes, Optional<JsonNode> id, String reason) {
    return new Waiting(
        number, bytes, id, () -> JsonNodeFactory.instance.objectNode().put(ERROR, reason));
  }

  private void answer(Waiting row, FileChannel to, Progress progress) throws IOException {
    ObjectNode answer = JsonNodeFactory.instance.objectNode().put(LINE, row.line());
    row.id().ifPresent(id -> answer.set("id", id));
    try {
      answer.setAll(row.pending().finish());
    } catch (PreambleException fault) {
      answer.put(ERROR, fault.getMessage());
    }
    if (answer.has(ERROR)) {
      bad++;
      output
          .err()
          .printf("preamble: %s line %,d: %s%n", in, row.line(), answer.get(ERROR).asText());
    }
    answered++;
    ByteBuffer bytes = ByteBuffer.wrap((answer + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
    progress.step(row.bytes());
  }

  /** Cuts off an answer that was not written to its end; gives the line of the last whole one. */
  private long resume(FileChannel to) throws IOException {
    long end = lastLineEnd(to, to.size());
    to.truncate(end).position(end);
    if (end == 0) {
      return 0;
    }
    long start = lastLineEnd(to, end - 1);
    if (end - start > LONGEST_ANSWER) {
      throw notOurs();
    }
    ByteBuffer last = ByteBuffer.allocate((int) (end - start));
    while (last.hasRemaining()) {
      to.read(last, start + last.position());
    }
    try {
      JsonNode line = JSON.readTree(last.array()).path(LINE);
      if (!line.canConvertToLong() || !line.isIntegralNumber()) {
        throw notOurs();
      }
      if (output.showsProgress()) {
        output.err().printf("preamble: %s: going on behind line %,d%n", out, line.longValue());
      }
      return line.longValue();
    } catch (JacksonException fault) {
      throw notOurs();
    }
  }

  private PreambleException notOurs() {
    return new PreambleException(
        "%s: expected answers of an earlier run, whose lines say \"line\", found something else; give another --out"
            .formatted(out));
  }

  /** Where the last line before {@code before} ends, behind its line feed; 0 if there is none. */
  private static long lastLineEnd(FileChannel file, long before) throws IOException {
    ByteBuffer block = ByteBuffer.allocate(1 << 16);
    for (long end = before; end > 0; ) {
      long start = Math.max(0, end - block.capacity());
      block.clear().limit((int) (end - start));
      while (block.hasRemaining()) {
        file.read(block, start + block.position());
      }
      for (int i = block.position() - 1; i >= 0; i--) {
        if (block.get(i) == '\n') {
          return start + i + 1;
        }
      }
      end = start;
    }
    return 0;
  }

  private void report() {
    ObjectNode report =
        JsonNodeFactory.instance
            .objectNode()
            .put("out", out.toString())
            .put("answered", answered)
            .put("bad", bad)
            .put("answered_before", skipped);
    output.print(
        report,
        () ->
            "%s: %,d lines answered, %,d of them bad%s"
                .formatted(
                    out,
                    answered,
                    bad,
                    skipped == 0 ? "" : ", %,d answered before".formatted(skipped)));
  }
}
