package dev.preamble.architecture;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A source of the program.
 *
 * @param file its file
 * @param room the package below dev.preamble that it belongs to, "" for the root itself
 * @param code its text without comments, and with nothing inside string literals
 */
record Source(Path file, String room, String code) {
  private static final Path ROOT = Path.of("src/main/java/dev/preamble");
  private static final Pattern COMMENTS_AND_STRINGS =
      Pattern.compile(
          """
          /\\*.*?\\*/|//[^\\n]*|\"""(?:\\\\.|.)*?\"""|"(?:\\\\.|[^"\\\\\\n])*"|'(?:\\\\.|[^'\\\\])'"""
              .strip(),
          Pattern.DOTALL);

  /** All sources of the program. */
  static List<Source> all() throws IOException {
    try (Stream<Path> walk = Files.walk(ROOT)) {
      List<Source> sources =
          walk.filter(path -> path.toString().endsWith(".java"))
              .sorted()
              .map(Source::read)
              .toList();
      assertFalse(sources.isEmpty(), "no sources under " + ROOT);
      return sources;
    }
  }

  private static Source read(Path file) {
    try {
      Path below = ROOT.relativize(file);
      String room = below.getNameCount() == 1 ? "" : below.getName(0).toString();
      return new Source(file, room, code(Files.readString(file)));
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }

  static String code(String text) {
    return COMMENTS_AND_STRINGS
        .matcher(text)
        .replaceAll(
            match ->
                match.group().startsWith("/")
                    ? " "
                    : match.group().startsWith("'") ? "' '" : "\"\"");
  }

  /** What matches {@code pattern} in the code. */
  Stream<MatchResult> find(Pattern pattern) {
    return pattern.matcher(code).results();
  }
}
