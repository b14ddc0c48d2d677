package dev.preamble.server.access;

import dev.preamble.PreambleException;
import java.util.Arrays;
import java.util.Locale;

/** What the holder of a key may do. */
public enum Role {
  /** Use models. */
  INFER,
  /** Read the server's metrics, and nothing else. */
  METRICS,
  /** All that there is: use models, change adapters, read metrics. */
  ADMIN;

  /** Whether this role covers {@code wanted}. */
  public boolean covers(Role wanted) {
    return this == ADMIN || this == wanted;
  }

  /** The name in files and messages. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The role of that name.
   *
   * @throws PreambleException if there is none
   */
  public static Role parse(String text) {
    return Arrays.stream(values())
        .filter(role -> role.text().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new PreambleException(
                    "role: expected infer, metrics or admin, found '%s'".formatted(text)));
  }
}
