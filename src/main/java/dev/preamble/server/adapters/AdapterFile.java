package dev.preamble.server.adapters;

import java.util.List;
import java.util.Optional;

/**
 * Which files of an upload are an adapter's. Names lead nowhere: at most one folder stands before
 * the file's own name, and it is dropped.
 */
final class AdapterFile {
  static final String CONFIG = "adapter_config.json";
  static final String TENSORS = "adapter_model.safetensors";
  private static final String PICKLE = "adapter_model.bin";

  /** The files that are kept. */
  static final List<String> KEPT = List.of(CONFIG, TENSORS, "README.md", "metrics.jsonl");

  /** The files that are given out. */
  static final List<String> PACKED = List.of(CONFIG, TENSORS, PICKLE, "README.md", "metrics.jsonl");

  private AdapterFile() {}

  /**
   * The name under which {@code given} is kept; none when it is no file of an adapter.
   *
   * @throws ArchiveException if it leads out of its folder, or is a pickle
   */
  static Optional<String> kept(String given) {
    if (given.indexOf('\0') >= 0
        || given.indexOf('\\') >= 0
        || given.startsWith("/")
        || given.matches("[A-Za-z]:.*")) {
      throw refused(given, "an absolute path, or characters that no such name has");
    }
    List<String> steps =
        List.of(given.split("/")).stream()
            .filter(step -> !step.isEmpty() && !step.equals("."))
            .toList();
    if (steps.contains("..")) {
      throw refused(given, "a name that leads out of its folder");
    }
    if (steps.isEmpty() || steps.size() > 2) {
      return Optional.empty();
    }
    if (steps.getLast().equals(PICKLE)) {
      throw new ArchiveException(
          "%s may hold a program, and uploads are safetensors only; save the adapter with PEFT's safe_serialization=True, or leave the file out"
              .formatted(PICKLE));
    }
    return Optional.of(steps.getLast()).filter(KEPT::contains);
  }

  private static ArchiveException refused(String given, String found) {
    return new ArchiveException(
        "expected plain names such as %s, found %s: '%s'".formatted(CONFIG, found, shown(given)));
  }

  static String shown(String name) {
    String plain = name.replaceAll("\\p{Cntrl}", "?");
    return plain.length() > 100 ? plain.substring(0, 100) + "…" : plain;
  }
}
