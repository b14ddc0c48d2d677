package dev.preamble.server.access;

import dev.preamble.PreambleException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * A key as the server knows it: not the secret, but its SHA-256. A secret is 256 random bits, so
 * that nobody finds it from its hash and a slow hash would gain nothing.
 *
 * @param name what logs and metrics call its holder
 * @param sha256 the secret's hash, 64 hexadecimal digits
 * @param role what the holder may do
 * @param models which models he reaches; empty means all
 * @param requestsPerMinute how often he may ask, where it differs from the server's limit
 */
public record ApiKey(
    String name,
    String sha256,
    Role role,
    List<NamePattern> models,
    OptionalInt requestsPerMinute) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,63}");
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
  private static final int SECRET_BYTES = 32;
  private static final String PREFIX = "pk-";

  /** Refuses what is no name, no hash or no limit. */
  public ApiKey {
    models = List.copyOf(models);
    if (!NAME.matcher(name).matches()) {
      throw new PreambleException(
          "name: expected up to 64 letters, digits and ._@-, found '%s'".formatted(name));
    }
    if (!HASH.matcher(sha256).matches()) {
      throw new PreambleException(
          "sha256: expected 64 hexadecimal digits in lower case, as 'preamble key new' prints them,"
              + " for key "
              + name);
    }
    if (requestsPerMinute.isPresent() && requestsPerMinute.getAsInt() < 1) {
      throw new PreambleException(
          "requests-per-minute: expected at least 1, found %d for key %s"
              .formatted(requestsPerMinute.getAsInt(), name));
    }
  }

  /** A secret that nobody has had before. */
  public static String newSecret() {
    byte[] bits = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(bits);
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bits);
  }

  /** The hash by which {@code secret} is known. */
  public static String hash(String secret) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Whether {@code hash} is this key's; takes the same time whatever it is. */
  boolean hasHash(String hash) {
    return MessageDigest.isEqual(
        sha256.getBytes(StandardCharsets.US_ASCII), hash.getBytes(StandardCharsets.US_ASCII));
  }
}
