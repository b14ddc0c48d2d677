package dev.preamble.training;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.SerializedString;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.ParserMessage;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * A run as JSON lines: {@code {"event":"scores","of":"base",…}}, {@code {"event":"step",…}}, {@code
 * {"event":"epoch",…}}, {@code {"event":"evaluation",…}}. Losses are in nats. Each is written when
 * it happens, steps once a second: a line of its own would take short steps longer than their
 * optimiser.
 */
final class Metrics implements TrainingListener, AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Nanoseconds between two writes of steps. */
  private static final long INTERVAL = 1_000_000_000;

  private static final SerializedString END = new SerializedString("\n");

  private final Path file;
  private final FileChannel channel;
  private final LongSupplier nanoTime;
  private final List<Step> unwritten = new ArrayList<>();
  private long written;

  private Metrics(Path file, FileChannel channel, LongSupplier nanoTime) {
    this.file = file;
    this.channel = channel;
    this.nanoTime = nanoTime;
    this.written = nanoTime.getAsLong();
  }

  /**
   * Opens {@code file} to go on behind its first {@code bytes}; what is behind them goes. Until it
   * is closed nobody else can open it, in this process or another.
   *
   * @throws TrainingException if somebody else has it open
   */
  static Metrics open(Path file, long bytes) {
    return open(file, bytes, System::nanoTime);
  }

  /** As above; {@code nanoTime} is the clock. */
  static Metrics open(Path file, long bytes, LongSupplier nanoTime) {
    try {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (!isAlone(channel)) {
        channel.close();
        throw new TrainingException(
            "%s: another run is writing to it; wait for its end, or give another --out"
                .formatted(file));
      }
      channel.truncate(bytes);
      channel.position(channel.size());
      return new Metrics(file, channel, nanoTime);
    } catch (IOException fault) {
      throw unwritable(file, fault);
    }
  }

  /** Whether nobody else has locked the file of {@code channel}, which is locked then. */
  private static boolean isAlone(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException ofThisProcess) {
      return false;
    }
  }

  /** Tells {@code listener} the steps and scores that the first {@code bytes} of a file hold. */
  static void replay(Path file, long bytes, TrainingListener listener) {
    try {
      byte[] content = Files.readAllBytes(file);
      String text =
          new String(content, 0, (int) Math.min(bytes, content.length), StandardCharsets.UTF_8);
      for (String line : text.lines().toList()) {
        replay(JSON.readTree(line), listener);
      }
    } catch (JacksonException fault) {
      throw new TrainingException(
          file + ": expected JSON lines: " + ParserMessage.brief(fault.getOriginalMessage()),
          fault);
    } catch (IOException fault) {
      throw new TrainingException(
          "%s: cannot be read: %s".formatted(file, WholeFile.reason(fault)), fault);
    }
  }

  private static void replay(JsonNode line, TrainingListener listener) {
    switch (line.path("event").asText()) {
      case "step" ->
          listener.step(
              new Step(
                  line.path("step").asInt(),
                  line.path("steps").asInt(),
                  line.path("loss").floatValue(),
                  line.path("gradient_norm").asDouble(),
                  line.path("learning_rate").asDouble(),
                  line.path("rows").asInt()));
      case "epoch" ->
          listener.epoch(
              new Epoch(
                  line.path("epoch").asInt(),
                  line.path("epochs").asInt(),
                  line.path("training_loss").asDouble(),
                  line.has("loss") ? Optional.of(scores(line)) : Optional.empty()));
      case "evaluation" ->
          listener.scored(
              new Scored(line.path("step").asInt(), line.path("steps").asInt(), scores(line)));
      default -> {}
    }
  }

  /** Adds the scores of {@code of}. */
  void scores(String of, Evaluator.Scores scores) {
    ObjectNode line = event("scores").put("of", of);
    put(line, Optional.of(scores));
    add(line);
  }

  @Override
  public void step(Step step) {
    unwritten.add(step);
    if (nanoTime.getAsLong() - written >= INTERVAL) {
      writeSteps();
    }
  }

  private void writeSteps() {
    StringWriter lines = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(lines).setRootValueSeparator(END)) {
      for (Step step : unwritten) {
        json.writeStartObject();
        json.writeStringField("event", "step");
        json.writeNumberField("step", step.number());
        json.writeNumberField("steps", step.steps());
        json.writeNumberField("loss", step.loss());
        json.writeNumberField("gradient_norm", step.gradientNorm());
        json.writeNumberField("learning_rate", step.learningRate());
        json.writeNumberField("rows", step.rows());
        json.writeEndObject();
      }
    } catch (IOException fault) {
      throw unwritable(file, fault);
    }
    if (!unwritten.isEmpty()) {
      unwritten.clear();
      write(lines + END.getValue());
    }
  }

  @Override
  public void epoch(Epoch epoch) {
    ObjectNode line =
        event("epoch")
            .put("epoch", epoch.number())
            .put("epochs", epoch.epochs())
            .put("training_loss", epoch.loss());
    put(line, epoch.scores());
    add(line);
  }

  @Override
  public void scored(Scored scored) {
    ObjectNode line = event("evaluation").put("step", scored.step()).put("steps", scored.steps());
    put(line, Optional.of(scored.scores()));
    add(line);
  }

  /** Bytes written, which are on the disk when this returns. */
  long forced() {
    writeSteps();
    try {
      channel.force(false);
      return channel.position();
    } catch (IOException fault) {
      throw unwritable(file, fault);
    }
  }

  /** Adds the fields of {@code scores} to {@code line}. */
  static void put(ObjectNode line, Optional<Evaluator.Scores> scores) {
    scores.ifPresent(
        each -> {
          line.put("rows", each.rows())
              .put("loss", each.loss())
              .put("perplexity", each.perplexity())
              .put("exact", each.exact())
              .put("token_f1", each.tokenF1());
          each.accuracy().ifPresent(accuracy -> line.put("accuracy", accuracy));
          each.macroF1().ifPresent(f1 -> line.put("macro_f1", f1));
        });
  }

  private static Evaluator.Scores scores(JsonNode line) {
    return new Evaluator.Scores(
        line.path("rows").asInt(),
        line.path("loss").asDouble(),
        line.path("exact").asDouble(),
        line.path("token_f1").asDouble(),
        number(line, "accuracy"),
        number(line, "macro_f1"));
  }

  private static Optional<Double> number(JsonNode line, String field) {
    return line.has(field) ? Optional.of(line.get(field).asDouble()) : Optional.empty();
  }

  private void add(ObjectNode line) {
    writeSteps();
    write(line + "\n");
  }

  private void write(String lines) {
    written = nanoTime.getAsLong();
    try {
      ByteBuffer bytes = ByteBuffer.wrap(lines.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException fault) {
      throw unwritable(file, fault);
    }
  }

  private static PreambleException unwritable(Path file, IOException fault) {
    return new TrainingException(
        "%s: cannot be written: %s".formatted(file, WholeFile.reason(fault)), fault);
  }

  private static ObjectNode event(String name) {
    return JSON.createObjectNode().put("event", name);
  }

  @Override
  public void close() {
    try (channel) {
      writeSteps();
    } catch (IOException fault) {
      throw unwritable(file, fault);
    }
  }
}
