package dev.preamble.server;

import static dev.preamble.server.ServerFixture.BASE;
import static dev.preamble.server.ServerFixture.body;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.generation.Stories;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that proves its name with PEM files. */
class TlsTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir Path folder;

  private KeyStore selfSigned() throws Exception {
    Path file = folder.resolve("store.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "server",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(PASSWORD),
                "-keystore",
                file.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(keytool.getInputStream().readAllBytes());
    assertEquals(0, keytool.waitFor(), said);
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, PASSWORD);
    }
    return store;
  }

  private Path pem(String kind, byte[] content) throws Exception {
    String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return Files.writeString(
        folder.resolve(kind.replace(' ', '-') + ".pem"),
        "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n".formatted(kind, lines));
  }

  @Test
  void requestsAreAnsweredOverTlsAndByTheOldAndTheNewProtocol() throws Exception {
    KeyStore store = selfSigned();
    ServerConfig.Tls tls =
        new ServerConfig.Tls(
            pem("CERTIFICATE", store.getCertificate("server").getEncoded()),
            pem("PRIVATE KEY", store.getKey("server", PASSWORD).getEncoded()));
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, PASSWORD);
    trusted.setCertificateEntry("server", store.getCertificate("server"));
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    ServerConfig config =
        ServerConfig.of(Stories.SMALL)
            .withAddress(
                new ServerConfig.Address("127.0.0.1", 0, Optional.of(tls)),
                ServerConfig.Access.OPEN_LOCALLY);
    try (PreambleServer server = PreambleServer.start(config);
        HttpClient client = HttpClient.newBuilder().sslContext(context).build()) {
      assertTrue(server.url().startsWith("https://127.0.0.1:"), server.url());
      for (HttpClient.Version version : HttpClient.Version.values()) {
        if (version.name().matches("HTTP_1_1|HTTP_2")) {
          HttpResponse<String> response =
              client.send(
                  HttpRequest.newBuilder(URI.create(server.url() + "/v1/completions"))
                      .version(version)
                      .POST(HttpRequest.BodyPublishers.ofString(body(BASE, "a", 2).toString()))
                      .build(),
                  HttpResponse.BodyHandlers.ofString());
          assertEquals(200, response.statusCode(), response::body);
          assertEquals(version, response.version());
        }
      }
    }
  }

  @Test
  void filesThatCannotBeReadAreNamed() {
    PreambleException fault =
        assertThrows(
            PreambleException.class,
            () -> new ServerConfig.Tls(folder.resolve("none.pem"), folder.resolve("none.pem")));
    assertTrue(fault.getMessage().contains("none.pem"), fault.getMessage());
  }
}
