package dev.preamble.server.adapters;

import dev.preamble.PreambleException;
import java.util.regex.Pattern;

/**
 * Names that adapters may have: a folder's name that leads nowhere else. The colon is kept for the
 * tasks of a multitask prompt, {@code name:task}.
 */
final class AdapterName {
  private static final int LONGEST = 128;
  private static final Pattern PLAIN =
      Pattern.compile("[\\p{L}\\p{N}_][\\p{L}\\p{N}_.@+=, -]{0," + (LONGEST - 1) + "}");

  private AdapterName() {}

  static boolean isPlain(String name) {
    return PLAIN.matcher(name).matches() && !name.endsWith(" ") && !name.endsWith(".");
  }

  /** Refuses a name that no adapter may have. */
  static void require(String name) {
    if (!isPlain(name)) {
      throw new PreambleException(refusal(name));
    }
  }

  /** What is wrong with {@code name}. */
  static String refusal(String name) {
    String shown = name.length() > LONGEST ? name.substring(0, LONGEST) + "…" : name;
    return "name: expected up to %d letters, digits, spaces and _.@+=,- from a letter, digit or _ on, found '%s'"
        .formatted(LONGEST, shown);
  }
}
