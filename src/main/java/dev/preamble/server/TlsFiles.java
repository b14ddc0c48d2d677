package dev.preamble.server;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import io.vertx.core.Vertx;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.net.ssl.X509KeyManager;

/**
 * The PEM files that a server proves its name with: a chain of certificates, its own first, and the
 * private key of that one, RSA or EC, as PKCS #8, PKCS #1 or SEC 1 without a password.
 */
final class TlsFiles {
  /** Longest file that is read, in bytes: chains and keys have some thousands. */
  private static final int LONGEST = 1 << 20;

  private static final String CERTIFICATE = "CERTIFICATE";
  private static final List<String> KEYS =
      List.of("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY");
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);
  private static final String A_CHAIN =
      "a PEM file of the server's certificate and those that vouch for it (BEGIN CERTIFICATE)";
  private static final String A_KEY =
      "a PEM file of the certificate's private key without a password (BEGIN PRIVATE KEY, BEGIN RSA PRIVATE KEY or BEGIN EC PRIVATE KEY)";

  private TlsFiles() {}

  /**
   * Refuses files that are not what they are taken for, or do not belong together.
   *
   * @throws PreambleException naming the file, what is wrong and how to mend it
   */
  static void check(ServerConfig.Tls files, Vertx vertx) {
    List<X509Certificate> chain = chain(files.certificate());
    requireKeyBlock(files.key());
    PublicKey certified = chain.getFirst().getPublicKey();
    PrivateKey key = key(files, certified.getAlgorithm(), vertx);
    if (!belong(key, certified)) {
      boolean later = chain.stream().anyMatch(each -> belong(key, each.getPublicKey()));
      throw new PreambleException(
          later
              ? "%s: expected the server's own certificate first, found it behind another; put it at the top"
                  .formatted(files.certificate())
              : "%s: expected the private key of the certificate in %s (%s), found the key of another; give the two files that were made together"
                  .formatted(
                      files.key(),
                      files.certificate(),
                      chain.getFirst().getSubjectX500Principal().getName()));
    }
  }

  /** How Vert.x is told of them. */
  static PemKeyCertOptions options(ServerConfig.Tls files) {
    return new PemKeyCertOptions()
        .setCertPath(files.certificate().toAbsolutePath().toString())
        .setKeyPath(files.key().toAbsolutePath().toString());
  }

  private static List<X509Certificate> chain(Path file) {
    List<MatchResult> blocks = blocks(file, A_CHAIN, "x509");
    String certificates =
        blocks.stream()
            .filter(block -> block.group(1).equals(CERTIFICATE))
            .map(MatchResult::group)
            .collect(Collectors.joining("\n", "", "\n"));
    if (certificates.isBlank()) {
      throw new PreambleException(
          "%s: expected %s, found %s".formatted(file, A_CHAIN, names(blocks)));
    }
    try {
      List<X509Certificate> chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(
                  new ByteArrayInputStream(certificates.getBytes(StandardCharsets.US_ASCII)))
              .stream()
              .map(X509Certificate.class::cast)
              .toList();
      for (int i = 1; i < chain.size(); i++) {
        if (!chain
            .get(i - 1)
            .getIssuerX500Principal()
            .equals(chain.get(i).getSubjectX500Principal())) {
          throw new PreambleException(
              "%s: expected the server's certificate, then each time the one that vouches for the last, found the chain broken behind number %d; put them in that order"
                  .formatted(file, i));
        }
      }
      return chain;
    } catch (CertificateException fault) {
      throw new PreambleException(
          "%s: expected %s, found one that is damaged (%s); copy it anew"
              .formatted(file, A_CHAIN, fault.getMessage()),
          fault);
    }
  }

  private static void requireKeyBlock(Path file) {
    List<MatchResult> blocks = blocks(file, A_KEY, "pkey");
    boolean encrypted =
        blocks.stream()
            .anyMatch(
                block ->
                    block.group(1).equals("ENCRYPTED PRIVATE KEY")
                        || block.group(2).contains("Proc-Type: 4,ENCRYPTED"));
    if (encrypted) {
      throw new PreambleException(
          "%s: expected %s, found one that is encrypted; take the password off with: openssl pkey -in %s -out key.pem"
              .formatted(file, A_KEY, file));
    }
    if (blocks.stream().noneMatch(block -> KEYS.contains(block.group(1)))) {
      throw new PreambleException(
          "%s: expected %s, found %s".formatted(file, A_KEY, names(blocks)));
    }
  }

  /** The PEM blocks of {@code file}: group 1 is a block's name, group 2 its content. */
  private static List<MatchResult> blocks(Path file, String expected, String opensslCommand) {
    byte[] content = read(file, expected);
    List<MatchResult> blocks =
        BLOCK.matcher(new String(content, StandardCharsets.ISO_8859_1)).results().toList();
    if (blocks.isEmpty()) {
      // Each DER file of these is an ASN.1 sequence.
      boolean der = content.length > 0 && content[0] == 0x30;
      throw new PreambleException(
          "%s: expected %s, found %s"
              .formatted(
                  file,
                  expected,
                  der
                      ? "what may be DER; if so make it PEM with: openssl %s -inform der -in %s -out %s.pem"
                          .formatted(opensslCommand, file, file)
                      : "none"));
    }
    return blocks;
  }

  private static byte[] read(Path file, String expected) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(LONGEST + 1);
      if (content.length > LONGEST) {
        throw new PreambleException(
            "%s: expected %s, found a file of more than %,d bytes"
                .formatted(file, expected, LONGEST));
      }
      return content;
    } catch (IOException fault) {
      throw new PreambleException(
          "%s: expected %s, which cannot be read: %s"
              .formatted(file, expected, WholeFile.reason(fault)),
          fault);
    }
  }

  private static String names(List<MatchResult> blocks) {
    return blocks.stream()
        .map(block -> "BEGIN " + block.group(1))
        .distinct()
        .collect(Collectors.joining(", "));
  }

  /** The key as the server will have it, beside a certificate of {@code algorithm}. */
  private static PrivateKey key(ServerConfig.Tls files, String algorithm, Vertx vertx) {
    try {
      X509KeyManager keys =
          (X509KeyManager) options(files).getKeyManagerFactory(vertx).getKeyManagers()[0];
      return keys.getPrivateKey(keys.getServerAliases(algorithm, null)[0]);
    } catch (Exception fault) {
      throw new PreambleException(
          "%s: expected the private key of the certificate in %s, RSA or EC, found one that cannot be used: %s"
              .formatted(files.key(), files.certificate(), fault.getMessage()),
          fault);
    }
  }

  /** Whether {@code certified} accepts what {@code key} signs. */
  private static boolean belong(PrivateKey key, PublicKey certified) {
    if (!key.getAlgorithm().equals(certified.getAlgorithm())) {
      return false;
    }
    byte[] signed = "who has the key can sign this".getBytes(StandardCharsets.US_ASCII);
    try {
      Signature signature =
          Signature.getInstance("SHA256with" + (key.getAlgorithm().equals("EC") ? "ECDSA" : "RSA"));
      signature.initSign(key);
      signature.update(signed);
      byte[] proof = signature.sign();
      signature.initVerify(certified);
      signature.update(signed);
      return signature.verify(proof);
    } catch (GeneralSecurityException fault) {
      return false;
    }
  }
}
