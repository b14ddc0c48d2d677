package dev.preamble.runtime;

import dev.preamble.PreambleException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The one ONNX Runtime of this process. It is loaded when it is first needed, and stays.
 *
 * <p>The library is the official artifact's, unpacked once into a cache folder, unless the system
 * property {@code preamble.onnxruntime}, the environment variable {@code PREAMBLE_ONNXRUNTIME} or
 * {@link #use} names another.
 */
public final class OnnxRuntime {
  private static Optional<Path> named = Optional.empty();
  private static volatile Optional<Library> loaded = Optional.empty();

  private OnnxRuntime() {}

  /**
   * Names the library to load in place of the default; to be called before anything of this package
   * runs.
   *
   * @throws IllegalStateException if another is loaded already
   */
  public static synchronized void use(Path library) {
    Path wanted = library.toAbsolutePath();
    loaded.ifPresent(
        present -> {
          if (!present.path().equals(wanted)) {
            throw new IllegalStateException(
                "ONNX Runtime is loaded already, from " + present.path() + ", not " + wanted);
          }
        });
    named = Optional.of(wanted);
  }

  /** Loads the runtime if it is not yet; a {@link PreambleException} says why it cannot. */
  public static void start() {
    library();
  }

  /** The version that the library gives itself, as in "1.29.0". */
  public static String version() {
    return library().version();
  }

  /** The library's file. */
  public static Path path() {
    return library().path();
  }

  /** The loaded library, loaded by the first call. */
  static Library library() {
    Optional<Library> present = loaded;
    return present.isPresent() ? present.get() : load();
  }

  private static synchronized Library load() {
    if (loaded.isEmpty()) {
      loaded = Optional.of(Library.load(named.orElseGet(Library::choose)));
    }
    return loaded.get();
  }
}
