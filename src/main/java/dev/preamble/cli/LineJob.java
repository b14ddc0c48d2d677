package dev.preamble.cli;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.training.data.Place;
import dev.preamble.training.data.RowFile;
import dev.preamble.training.data.RowFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * A file of JSON lines answered into another, a line for a line in the same order, many at a time.
 * Each answer says the number of its line, so that a run which was ended goes on behind the last
 * whole line that it left. What cannot be answered has an answer that says why, and is counted; a
 * file of nothing else is refused.
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

  private record Waiting(Place place, Optional<JsonNode> id, Pending pending) {}

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
   * @throws PreambleException if a file cannot be read or written, or no line could be answered
   */
  void run(String what, int together, Begin begin) {
    if (Files.isDirectory(in)) {
      throw new PreambleException(in + ": expected a file of JSON lines, found a folder");
    }
    try (RowFile rows = RowFile.open(in, RowFormat.JSON_LINES);
        FileChannel to = open();
        Progress progress = Progress.of(output, what, Files.size(in))) {
      Answers answers = new Answers(resume(to), together, begin, to, progress);
      rows.scan(answers);
      answers.finish();
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot read %s: %s".formatted(in, WholeFile.reason(fault)), fault);
    }
    requireAnswers();
    report();
  }

  private FileChannel open() {
    try {
      return FileChannel.open(
          out, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    } catch (IOException fault) {
      throw unwritable(fault);
    }
  }

  private PreambleException unwritable(IOException fault) {
    return new PreambleException(
        "cannot write %s: %s".formatted(out, WholeFile.reason(fault)), fault);
  }

  /** The answers to the rows of a scan: some on their way, the others written in order. */
  private final class Answers implements RowFile.Visitor {
    private final long done;
    private final int together;
    private final Begin begin;
    private final FileChannel to;
    private final Progress progress;
    private final Deque<Waiting> waiting = new ArrayDeque<>();

    Answers(long done, int together, Begin begin, FileChannel to, Progress progress) {
      this.done = done;
      this.together = together;
      this.begin = begin;
      this.to = to;
      this.progress = progress;
    }

    @Override
    public void row(Place place, ObjectNode row) {
      add(place, Optional.ofNullable(row.get("id")), () -> begin.begin(row, place.line()));
    }

    @Override
    public void bad(Place place, String reason) {
      add(place, Optional.empty(), () -> failed(reason));
    }

    private void add(Place place, Optional<JsonNode> id, Supplier<Pending> pending) {
      if (place.line() <= done) {
        skipped++;
        progress.step(place.length());
        return;
      }
      if (waiting.size() == together) {
        answer(waiting.removeFirst());
      }
      waiting.add(new Waiting(place, id, begun(pending)));
    }

    void finish() {
      while (!waiting.isEmpty()) {
        answer(waiting.removeFirst());
      }
    }

    private void answer(Waiting row) {
      ObjectNode answer = JsonNodeFactory.instance.objectNode().put(LINE, row.place().line());
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
            .printf(
                "preamble: %s line %,d: %s%n", in, row.place().line(), answer.get(ERROR).asText());
      }
      answered++;
      write(ByteBuffer.wrap((answer + "\n").getBytes(StandardCharsets.UTF_8)));
      progress.step(row.place().length() + 1L);
    }

    private void write(ByteBuffer bytes) {
      try {
        while (bytes.hasRemaining()) {
          to.write(bytes);
        }
      } catch (IOException fault) {
        throw unwritable(fault);
      }
    }
  }

  private static Pending begun(Supplier<Pending> pending) {
    try {
      return pending.get();
    } catch (PreambleException fault) {
      return failed(fault.getMessage());
    }
  }

  private static Pending failed(String reason) {
    return () -> JsonNodeFactory.instance.objectNode().put(ERROR, reason);
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

  /** Whether a line was answered, in this run or an earlier one. */
  private boolean anyAnswered() {
    if (answered > bad) {
      return true;
    }
    try (Stream<String> answers = Files.lines(out)) {
      return answers.anyMatch(LineJob::isAnswer);
    } catch (UncheckedIOException | IOException fault) {
      throw notOurs();
    }
  }

  private static boolean isAnswer(String line) {
    try {
      return !JSON.readTree(line).has(ERROR);
    } catch (JacksonException fault) {
      return false;
    }
  }

  /**
   * Refuses a file of which nothing could be answered. Its answers go: once the file is mended, the
   * same command answers it.
   */
  private void requireAnswers() {
    if (answered + skipped == 0 || anyAnswered()) {
      return;
    }
    try {
      Files.delete(out);
    } catch (IOException fault) {
      throw unwritable(fault);
    }
    throw new PreambleException(
        "%s: expected lines that can be answered, found none among %,d; what is wrong with each is told above"
            .formatted(in, answered + skipped));
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
