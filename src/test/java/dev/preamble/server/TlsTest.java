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
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that proves its name with PEM files. */
class TlsTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir Path folder;
  private int stores;

  /** A key and its certificate, under the alias {@code server}. */
  private KeyStore selfSigned(String algorithm, String name) throws Exception {
    Path file = folder.resolve("store%d.p12".formatted(stores++));
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "server",
                "-keyalg",
                algorithm,
                "-dname",
                "CN=" + name,
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
    return file(kind.replace(' ', '-') + ".pem", block(kind, content));
  }

  private Path file(String name, String content) throws Exception {
    return Files.writeString(folder.resolve(name), content);
  }

  private static String block(String kind, byte[] content) {
    String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n".formatted(kind, lines);
  }

  private static String certificate(KeyStore store) throws Exception {
    return block("CERTIFICATE", store.getCertificate("server").getEncoded());
  }

  private static byte[] key(KeyStore store) throws Exception {
    return store.getKey("server", PASSWORD).getEncoded();
  }

  /** The key without what PKCS #8 puts around it, which is 26 bytes for an RSA key of its size. */
  private static byte[] pkcs1(byte[] pkcs8) {
    return Arrays.copyOfRange(pkcs8, 26, pkcs8.length);
  }

  @Test
  void requestsAreAnsweredOverTlsAndByTheOldAndTheNewProtocol() throws Exception {
    KeyStore store = selfSigned("EC", "localhost");
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
  void keysOfEachSupportedFormAreTaken() throws Exception {
    KeyStore store = selfSigned("RSA", "localhost");
    Path certificate = file("c.pem", "Subject: localhost\n" + certificate(store));
    for (String key :
        List.of(block("PRIVATE KEY", key(store)), block("RSA PRIVATE KEY", pkcs1(key(store))))) {
      listen(certificate, file("k.pem", key)).abandon();
    }
  }

  @Test
  void filesThatAreNotWhatTheyShouldBeAreNamedWithWhatToDo() throws Exception {
    KeyStore store = selfSigned("RSA", "localhost");
    KeyStore other = selfSigned("RSA", "localhost");
    KeyStore curve = selfSigned("EC", "another");
    String chain = certificate(store);
    Path certificate = file("c.pem", chain);
    Path key = file("k.pem", block("PRIVATE KEY", key(store)));

    refused(
        folder.resolve("none.pem"),
        key,
        "none.pem: expected a PEM file of the server's",
        "no such file");
    refused(
        certificate,
        folder.resolve("none.pem"),
        "none.pem: expected a PEM file of the",
        "no such file");
    refused(certificate, folder, folder + ": expected", "Is a directory");
    refused(file("text.pem", "hello\n"), key, "text.pem", "found none");
    refused(key, certificate, "k.pem", "found BEGIN PRIVATE KEY");
    refused(certificate, certificate, "c.pem", "found BEGIN CERTIFICATE");
    Path der = Files.write(folder.resolve("c.der"), store.getCertificate("server").getEncoded());
    refused(der, key, "openssl x509 -inform der -in " + der);
    Path keyDer = Files.write(folder.resolve("k.der"), key(store));
    refused(certificate, keyDer, "openssl pkey -inform der -in " + keyDer);
    refused(
        file("torn.pem", chain.replaceFirst("(?s)MII.{90}", "AAAA")), key, "torn.pem", "damaged");
    refused(
        certificate,
        file("torn-key.pem", block("PRIVATE KEY", new byte[] {48, 3, 2, 1, 0})),
        "torn-key.pem",
        "cannot be used");
    for (String encrypted :
        List.of(
            block("ENCRYPTED PRIVATE KEY", key(store)),
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n")) {
      Path secret = file("secret.pem", encrypted);
      refused(certificate, secret, "found one that is encrypted", "openssl pkey -in " + secret);
    }
    refused(
        certificate,
        file("other.pem", block("PRIVATE KEY", key(other))),
        "other.pem: expected the private key of the certificate in " + certificate,
        "CN=localhost");
    refused(
        certificate,
        file("curve.pem", block("PRIVATE KEY", key(curve))),
        "curve.pem: expected the private key of the certificate in");
    refused(
        file("reversed.pem", certificate(other) + chain),
        key,
        "reversed.pem: expected the server's own certificate first");
    refused(
        file("broken.pem", chain + certificate(curve)),
        key,
        "broken.pem: expected the server's certificate",
        "broken behind number 1");
  }

  private static void refused(Path certificate, Path key, String... parts) {
    PreambleException fault =
        assertThrows(PreambleException.class, () -> listen(certificate, key).abandon());
    for (String part : parts) {
      assertTrue(fault.getMessage().contains(part), fault.getMessage());
    }
  }

  private static HttpPort listen(Path certificate, Path key) {
    ServerConfig.Tls files = new ServerConfig.Tls(certificate, key);
    return HttpPort.listen(
        new ServerConfig.Address("127.0.0.1", 0, Optional.of(files)),
        ServerConfig.Limits.DEFAULTS,
        new ServerLog(Optional.empty()));
  }
}
