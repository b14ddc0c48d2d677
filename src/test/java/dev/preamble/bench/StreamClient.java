package dev.preamble.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A client of HTTP/1.1 that has one connection and reads answers in server-sent events: each byte
 * of the head, of the chunks' frames and of the events is read and must be what the protocol and
 * the server's contract make it. It costs little, for it takes its time from the server's.
 */
final class StreamClient implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final byte[] HEAD_END = "\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DATA = "data: {".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] USAGE = "\"usage\":{".getBytes(StandardCharsets.US_ASCII);
  private static final String DONE = "data: [DONE]";

  private enum Place {
    HEAD,
    SIZE,
    CHUNK,
    CHUNK_END,
    END
  }

  private final SocketChannel channel;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private byte[] event = new byte[1 << 10];
  private int length;
  private Place place = Place.END;
  private int left;
  private boolean last;
  private boolean done;
  private int events;
  private int tokens;

  /** Connects to {@code port} of this machine. */
  StreamClient(int port) throws IOException {
    channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.configureBlocking(false);
  }

  SocketChannel channel() {
    return channel;
  }

  /** Asks for a completion; the answer before is at its end. */
  void ask(String body) throws IOException {
    expect(place == Place.END, "an answer was not read to its end");
    byte[] content = body.getBytes(StandardCharsets.UTF_8);
    byte[] head =
        """
        POST /v1/completions HTTP/1.1\r
        host: 127.0.0.1\r
        content-type: application/json\r
        content-length: %d\r
        \r
        """
            .formatted(content.length)
            .getBytes(StandardCharsets.US_ASCII);
    ByteBuffer request = ByteBuffer.allocate(head.length + content.length);
    request.put(head).put(content).flip();
    while (request.hasRemaining()) {
      channel.write(request);
    }
    place = Place.HEAD;
    done = false;
  }

  /**
   * Reads what has come.
   *
   * @param buffer room to read into, which several clients may share
   * @return whether the answer is at its end
   */
  boolean read(ByteBuffer buffer) throws IOException {
    buffer.clear();
    expect(channel.read(buffer) >= 0, "the connection ended in an answer");
    buffer.flip();
    while (buffer.hasRemaining()) {
      take(buffer);
    }
    return place == Place.END;
  }

  private void take(ByteBuffer buffer) throws IOException {
    switch (place) {
      case HEAD -> {
        line.write(buffer.get());
        if (endsWith(line.toByteArray(), HEAD_END)) {
          String head = line.toString(StandardCharsets.US_ASCII);
          line.reset();
          expect(head.startsWith("HTTP/1.1 200 "), head);
          expect(head.contains("transfer-encoding: chunked"), head);
          expect(head.contains("content-type: text/event-stream"), head);
          place = Place.SIZE;
        }
      }
      case SIZE -> {
        byte next = buffer.get();
        if (next == '\n') {
          left = Integer.parseInt(line.toString(StandardCharsets.US_ASCII).strip(), 16);
          line.reset();
          last = left == 0;
          place = last ? Place.CHUNK_END : Place.CHUNK;
          expect(!last || done && length == 0, "the answer ended without [DONE]");
        } else {
          line.write(next);
        }
      }
      case CHUNK -> {
        int count = Math.min(left, buffer.remaining());
        append(buffer, count);
        left -= count;
        place = left == 0 ? Place.CHUNK_END : Place.CHUNK;
      }
      case CHUNK_END -> {
        byte next = buffer.get();
        expect(next == '\r' || next == '\n', "a chunk is longer than it said");
        if (next == '\n') {
          place = last ? Place.END : Place.SIZE;
        }
      }
      case END -> throw new AssertionError("bytes behind an answer");
    }
  }

  private void append(ByteBuffer buffer, int count) throws IOException {
    if (length + count > event.length) {
      event = Arrays.copyOf(event, 2 * (length + count));
    }
    buffer.get(event, length, count);
    int begin = 0;
    for (int i = Math.max(1, length); i < length + count; i++) {
      if (event[i] == '\n' && event[i - 1] == '\n' && i > begin) {
        event(begin, i - 1);
        begin = i + 1;
      }
    }
    length += count;
    System.arraycopy(event, begin, event, 0, length - begin);
    length -= begin;
  }

  private void event(int from, int to) throws IOException {
    events++;
    expect(!done, "an event behind [DONE]");
    if (!startsWith(DATA, from, to) || event[to - 1] != '}') {
      expect(new String(event, from, to - from, StandardCharsets.UTF_8).equals(DONE), "no event");
      done = true;
    } else if (contains(USAGE, from, to)) {
      JsonNode json = JSON.readTree(event, from + 6, to - from - 6);
      tokens += json.at("/usage/completion_tokens").asInt();
    }
  }

  private boolean contains(byte[] wanted, int from, int to) {
    for (int i = to - wanted.length; i >= from; i--) {
      if (event[i] == wanted[0] && startsWith(wanted, i, to)) {
        return true;
      }
    }
    return false;
  }

  private boolean startsWith(byte[] wanted, int from, int to) {
    return Arrays.equals(wanted, 0, wanted.length, event, from, Math.min(to, from + wanted.length));
  }

  private static boolean endsWith(byte[] bytes, byte[] end) {
    int from = bytes.length - end.length;
    return from >= 0 && Arrays.equals(bytes, from, bytes.length, end, 0, end.length);
  }

  private static void expect(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }

  /** Events that have come in all. */
  int events() {
    return events;
  }

  /** Tokens of all answers, as the usage at their ends has them. */
  int tokens() {
    return tokens;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
