package dev.preamble;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The folder for what can be made again, such as unpacked native libraries; nothing is written
 * outside it but what a command was told to write.
 */
public final class CacheFolder {
  private CacheFolder() {}

  /** The folder of this process. */
  public static Path current() {
    return of(System.getenv());
  }

  /** The folder under {@code environment}: PREAMBLE_CACHE, else preamble in the user's cache. */
  public static Path of(Map<String, String> environment) {
    return named(environment, "PREAMBLE_CACHE")
        .or(() -> named(environment, "XDG_CACHE_HOME").map(path -> path.resolve("preamble")))
        .orElseGet(
            () ->
                named(environment, "HOME")
                    .orElseGet(() -> Path.of(System.getProperty("user.home")))
                    .resolve(".cache")
                    .resolve("preamble"));
  }

  private static Optional<Path> named(Map<String, String> environment, String variable) {
    return Optional.ofNullable(environment.get(variable))
        .filter(value -> !value.isBlank())
        .map(value -> Path.of(value).toAbsolutePath());
  }
}
