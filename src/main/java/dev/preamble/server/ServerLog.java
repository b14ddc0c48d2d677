package dev.preamble.server;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.server.adapters.AdapterEvents;
import dev.preamble.server.adapters.AdapterVersion;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What happens, one JSON object a line. Whoever has something to say never waits: lines are written
 * by a thread of the log's own, and when they come faster than they can be written some are left
 * out and counted.
 */
final class ServerLog implements AdapterEvents, AutoCloseable {
  private static final int MOST_WAITING = 10_000;
  private static final Duration LAST_WORDS = Duration.ofSeconds(2);
  private static final String END = "";

  private final Optional<PrintStream> out;
  private final BlockingQueue<String> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
  private final AtomicLong leftOut = new AtomicLong();
  private final Thread writer;

  /** A log to {@code out}, or one that says nothing. */
  ServerLog(Optional<PrintStream> out) {
    this.out = out;
    this.writer = Thread.ofPlatform().daemon().name("preamble-log").unstarted(this::write);
    if (out.isPresent()) {
      writer.start();
    }
  }

  /** A request is answered, or its client gone. */
  void request(RequestRecord request, int status, boolean gone) {
    say(status >= 500 ? "error" : "info", request.json(status, gone));
  }

  /** Something went wrong that no client can mend. */
  void fault(String requestId, Throwable fault) {
    StringWriter trace = new StringWriter();
    fault.printStackTrace(new PrintWriter(trace));
    say("error", event("fault").put("request_id", requestId).put("exception", trace.toString()));
  }

  /** Something that whoever runs the server should know. */
  void warning(String message) {
    say("warning", event("warning").put("message", message));
  }

  /** The server's own life. */
  void server(String event, String message) {
    say("info", event(event).put("message", message));
  }

  @Override
  public void loaded(AdapterVersion version) {
    say(
        "info",
        event("adapter_loaded")
            .put("adapter", version.name())
            .put("adapter_digest", version.digest())
            .put("method", version.method())
            .put("virtual_tokens", version.virtualTokens()));
  }

  @Override
  public void failed(String name, String reason) {
    say("warning", event("adapter_failed").put("adapter", name).put("message", reason));
  }

  @Override
  public void removed(String name) {
    say("info", event("adapter_removed").put("adapter", name));
  }

  private static ObjectNode event(String name) {
    return JsonNodeFactory.instance.objectNode().put("event", name);
  }

  private void say(String level, ObjectNode what) {
    if (out.isEmpty()) {
      return;
    }
    if (!waiting.offer(line(level, what))) {
      leftOut.incrementAndGet();
    }
  }

  private static String line(String level, ObjectNode what) {
    ObjectNode line =
        JsonNodeFactory.instance
            .objectNode()
            .put("time", Instant.now().toString())
            .put("level", level);
    line.setAll(what);
    return line.toString();
  }

  private static void put(PrintStream target, String line) throws IOException {
    target.write((line + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private void write() {
    PrintStream target = out.orElseThrow();
    try {
      for (String line = waiting.take(); !line.equals(END); line = waiting.take()) {
        put(target, line);
        long missing = leftOut.getAndSet(0);
        if (missing > 0) {
          String message = "%,d lines were left out of the log".formatted(missing);
          put(target, line("warning", event("warning").put("message", message)));
        }
        if (waiting.isEmpty()) {
          target.flush();
        }
      }
      target.flush();
    } catch (InterruptedException | IOException nobodyReads) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether there is a thread that writes. */
  boolean isWriting() {
    return writer.isAlive();
  }

  /** Writes what is still waiting. */
  @Override
  public void close() {
    if (out.isPresent()) {
      try {
        if (waiting.offer(END, LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS)) {
          writer.join(LAST_WORDS);
        }
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
