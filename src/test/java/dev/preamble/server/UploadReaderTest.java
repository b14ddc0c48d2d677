package dev.preamble.server;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.preamble.generation.Stories;
import dev.preamble.model.FrozenModel;
import dev.preamble.server.adapters.AdapterCatalog;
import dev.preamble.server.adapters.AdapterCatalogOptions;
import dev.preamble.server.adapters.AdapterUpload;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UploadReaderTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aClientWhoIsGoneBeforeHisBodyIsReadIsNotWaitedFor(boolean form) throws Exception {
    ServerLog log = new ServerLog(Optional.empty());
    CompletableFuture<Void> read = new CompletableFuture<>();
    HttpPort port =
        HttpPort.listen(
            ServerConfig.of(Stories.SMALL).withPort(0).address(),
            ServerConfig.Limits.DEFAULTS,
            log);
    try (FrozenModel model = FrozenModel.open(Stories.SMALL)) {
      AdapterCatalog catalog =
          AdapterCatalog.open(
              model,
              AdapterCatalogOptions.NONE.withFolder(Optional.of(folder)),
              InstantSource.system(),
              log);
      try (AdapterUpload upload = AdapterUpload.begin(catalog, "one")) {
        port.open(
            request -> {
              Exchange exchange = new Exchange(port.vertx(), port.workers(), request, log);
              if (form) {
                request.setExpectMultipart(true);
              }
              request.pause();
              exchange
                  .reply()
                  .onGone(
                      () ->
                          UploadReader.read(exchange, upload, 1_000, Duration.ofHours(1), form)
                              .onSuccess(read::complete)
                              .onFailure(read::completeExceptionally));
            });
        String head =
            "PUT / HTTP/1.1\r\nhost: here\r\ncontent-length: 500\r\ncontent-type: multipart/form-data; boundary=b\r\n\r\n";
        try (Socket client = new Socket("127.0.0.1", port.number())) {
          client.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
        }
        ExecutionException fault =
            assertThrows(ExecutionException.class, () -> read.get(1, TimeUnit.MINUTES));
        assertInstanceOf(ApiError.class, fault.getCause());
      }
    } finally {
      port.abandon();
    }
  }
}
