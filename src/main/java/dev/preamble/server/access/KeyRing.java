package dev.preamble.server.access;

import java.util.List;
import java.util.Optional;

/**
 * The keys that are valid.
 *
 * @param keys all of them; none means that everybody may do everything
 */
public record KeyRing(List<ApiKey> keys) {
  /** No keys: everybody may do everything. */
  public static final KeyRing NONE = new KeyRing(List.of());

  /** Copies the list. */
  public KeyRing {
    keys = List.copyOf(keys);
  }

  /** Whether somebody without a key is refused. */
  public boolean required() {
    return !keys.isEmpty();
  }

  /** The holder of {@code secret}. Looks at every key, so that time tells nothing of which fits. */
  public Optional<Caller> holder(String secret) {
    String hash = ApiKey.hash(secret);
    Optional<Caller> found = Optional.empty();
    for (ApiKey key : keys) {
      if (key.hasHash(hash)) {
        found = Optional.of(Caller.of(key));
      }
    }
    return found;
  }
}
