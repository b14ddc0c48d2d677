package dev.preamble.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.EngineOptions;
import dev.preamble.server.PreambleServer;
import dev.preamble.server.ServerConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A {@link StreamLoad} put to a server over loopback: a connection a client, each answer a stream
 * that is cut into its events as it comes. Server and clients share the machine; one thread is all
 * clients.
 */
final class HttpLoad implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * What is waited after the first bytes have come, in ns: the clients of one step are read
   * together, and the machine that they share with the server is not taken from it for each.
   */
  private static final long PAUSE = 500_000;

  private final StreamLoad load;
  private final PreambleServer server;
  private final String model;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);

  HttpLoad(Path folder, EngineOptions options, StreamLoad load) {
    this.load = load;
    this.server =
        PreambleServer.start(
            ServerConfig.of(folder)
                .withPort(0)
                .withEngine(options)
                .withObservation(new ServerConfig.Observation(false, false, false, 100)));
    this.model = server.models().getFirst();
  }

  /** Tokens a second, from the first request to the last event; and how many events there were. */
  Result measure() throws IOException {
    List<StreamClient> clients = new ArrayList<>();
    try (Selector selector = Selector.open()) {
      for (int i = 0; i < load.clients(); i++) {
        StreamClient client = new StreamClient(server.port());
        clients.add(client);
        client.channel().register(selector, SelectionKey.OP_READ, client);
      }
      long start = System.nanoTime();
      run(clients, selector);
      long time = System.nanoTime() - start;
      double tokens = clients.stream().mapToInt(StreamClient::tokens).sum();
      int events = clients.stream().mapToInt(StreamClient::events).sum();
      return new Result(tokens * 1e9 / time, events / tokens);
    } finally {
      for (StreamClient client : clients) {
        client.close();
      }
    }
  }

  private void run(List<StreamClient> clients, Selector selector) throws IOException {
    int begun = 0;
    for (StreamClient client : clients) {
      client.ask(body(begun++));
    }
    int ended = 0;
    while (ended < load.requests()) {
      selector.select();
      LockSupport.parkNanos(PAUSE);
      selector.selectNow();
      for (SelectionKey key : selector.selectedKeys()) {
        StreamClient client = (StreamClient) key.attachment();
        if (client.read(buffer)) {
          ended++;
          if (begun < load.requests()) {
            client.ask(body(begun++));
          }
        }
      }
      selector.selectedKeys().clear();
    }
  }

  private String body(int number) {
    ObjectNode body =
        JSON.createObjectNode()
            .put("model", model)
            .put("max_tokens", load.tokens())
            .put("temperature", 0)
            .put("ignore_eos", true)
            .put("stream", true);
    body.putObject("stream_options").put("include_usage", true);
    body.set("prompt", JSON.valueToTree(load.prompt(number)));
    return body.toString();
  }

  /**
   * What came of it.
   *
   * @param tokensPerSecond as the usage at the end of the streams has them
   * @param eventsPerToken a token without a text is no event, the end of a stream is some
   */
  record Result(double tokensPerSecond, double eventsPerToken) {}

  @Override
  public void close() {
    server.close();
  }
}
