package dev.preamble.server.adapters;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Which files of an upload are an adapter's. Names lead nowhere: at most one folder stands before
 * the file's own name, and it is dropped.
 */
final class AdapterFile {
  static final String CONFIG = "adapter_config.json";
  static final String TENSORS = "adapter_model.safetensors";
  private static final String PICKLE = "adapter_model.bin";

  /** The model card, and what it shows: the course of the training and its picture. */
  private static final List<String> CARD =
      List.of("README.md", "metrics.jsonl", "loss.png", "loss.svg");

  /**
   * The files that are kept. A run's settings are not among them: they name files of the machine
   * that it ran on.
   */
  static final List<String> KEPT = with(CONFIG, TENSORS);

  /** The files that are given out. */
  static final List<String> PACKED = with(CONFIG, TENSORS, PICKLE);

  private AdapterFile() {}

  private static List<String> with(String... files) {
    return Stream.concat(Arrays.stream(files), CARD.stream()).toList();
  }

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
