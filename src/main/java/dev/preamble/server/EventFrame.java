package dev.preamble.server;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;

/** Events that differ in one text only: all that stands around it is made once. */
final class EventFrame {
  /** Stands for the text in the JSON that a frame is made of. */
  static final String GAP = "\uE000";

  private final byte[] head;
  private final byte[] tail;

  private EventFrame(byte[] head, byte[] tail) {
    this.head = head;
    this.tail = tail;
  }

  /** The frame of events like {@code data}, in which the last {@link #GAP} is the text. */
  static EventFrame of(JsonNode data) {
    String event = Reply.event(data.toString()).toString();
    int gap = event.lastIndexOf(GAP);
    return new EventFrame(
        event.substring(0, gap).getBytes(StandardCharsets.UTF_8),
        event.substring(gap + GAP.length()).getBytes(StandardCharsets.UTF_8));
  }

  /** The event with {@code text}. */
  Buffer around(String text) {
    byte[] quoted =
        new String(JsonStringEncoder.getInstance().quoteAsString(text))
            .getBytes(StandardCharsets.UTF_8);
    byte[] event = new byte[head.length + quoted.length + tail.length];
    System.arraycopy(head, 0, event, 0, head.length);
    System.arraycopy(quoted, 0, event, head.length, quoted.length);
    System.arraycopy(tail, 0, event, head.length + quoted.length, tail.length);
    return Buffer.buffer(event);
  }
}
