package dev.preamble;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Every Java source stands as google-java-format writes it. The formatter needs the compiler of the
 * JDK that the sources are written for, which is why it runs here, on the toolchain's JDK, and not
 * inside Maven. {@code mvn test -Dtest=SourcesAreFormattedTest -Dpreamble.format=apply} rewrites.
 */
class SourcesAreFormattedTest {
  @Test
  void everySourceIsFormatted() throws Exception {
    boolean apply = "apply".equals(System.getProperty("preamble.format"));
    Formatter formatter =
        new Formatter(JavaFormatterOptions.builder().reorderModifiers(true).build());
    List<Path> sources;
    try (var walk = Files.walk(Path.of("src"))) {
      sources = walk.filter(path -> path.toString().endsWith(".java")).sorted().toList();
    }
    List<String> unformatted = new ArrayList<>();
    for (Path source : sources) {
      String found = Files.readString(source);
      String ordered =
          ImportOrderer.reorderImports(
              RemoveUnusedImports.removeUnusedImports(found), JavaFormatterOptions.Style.GOOGLE);
      String formatted = formatter.formatSource(ordered);
      if (!formatted.equals(found)) {
        if (apply) {
          Files.writeString(source, formatted);
        } else {
          unformatted.add(source.toString());
        }
      }
    }
    assertEquals(
        List.of(),
        unformatted,
        "not formatted; mend with: mvn test -Dtest=SourcesAreFormattedTest -Dpreamble.format=apply");
  }
}
