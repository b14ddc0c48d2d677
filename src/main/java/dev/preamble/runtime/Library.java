package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.preamble.CacheFolder;
import dev.preamble.PreambleException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The loaded libonnxruntime and its function table.
 *
 * @param path the library's file
 * @param version what the library calls itself, as in "1.29.0"
 * @param table the address of its {@code OrtApi}
 */
record Library(Path path, String version, long table) {
  /** The environment variable that names another libonnxruntime. */
  static final String VARIABLE = "PREAMBLE_ONNXRUNTIME";

  /** The system property that names another libonnxruntime; it goes before the variable. */
  static final String PROPERTY = "preamble.onnxruntime";

  /** The table version asked for. Tables are append-only, so every later library has it. */
  private static final int API_VERSION = 20;

  /** The library's file: as named by property or variable, else the official artifact's. */
  static Path choose() {
    return Optional.ofNullable(System.getProperty(PROPERTY))
        .or(() -> Optional.ofNullable(System.getenv(VARIABLE)))
        .filter(named -> !named.isBlank())
        .map(named -> Path.of(named).toAbsolutePath())
        .orElseGet(() -> Natives.unpacked(CacheFolder.current()));
  }

  /** Loads the library, telemetry off, and asks it for its table. */
  static Library load(Path path) {
    if (!Files.isRegularFile(path)) {
      throw unusable(path, "there is no such file");
    }
    Telemetry.off();
    SymbolLookup symbols;
    try {
      symbols = Foreign.symbols(path);
    } catch (IllegalArgumentException e) {
      throw unusable(path, Foreign.refusal(path));
    }
    long base =
        symbols
            .find("OrtGetApiBase")
            .orElseThrow(() -> unusable(path, "it is a library, but it has no OrtGetApiBase"))
            .address();
    try {
      return ask(path, base);
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
  }

  private static Library ask(Path path, long getApiBase) throws Throwable {
    FunctionDescriptor pointer = FunctionDescriptor.of(JAVA_LONG);
    long address = (long) Foreign.function(getApiBase, pointer).invokeExact();
    MemorySegment base = Foreign.memory(address, 2 * JAVA_LONG.byteSize());
    long getVersion = base.getAtIndex(JAVA_LONG, 1);
    String version = Foreign.string((long) Foreign.function(getVersion, pointer).invokeExact());
    FunctionDescriptor getter = FunctionDescriptor.of(JAVA_LONG, JAVA_INT);
    long getApi = base.getAtIndex(JAVA_LONG, 0);
    long table = (long) Foreign.function(getApi, getter).invokeExact(API_VERSION);
    if (table == 0) {
      throw unusable(
          path, "it is version " + version + ", and 1." + API_VERSION + " is the oldest");
    }
    return new Library(path, version, table);
  }

  private static PreambleException unusable(Path path, String why) {
    return new PreambleException(
        "cannot use "
            + path
            + " as ONNX Runtime: "
            + why
            + "; name a libonnxruntime of version 1."
            + API_VERSION
            + " or later with --onnxruntime or "
            + VARIABLE
            + ", or leave both out to use the one that comes with this program");
  }
}
