package dev.preamble.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Each package uses only those that the README's table gives it and what those use in turn; the
 * root package, which all may use, uses none. Each library is used by the packages that it was
 * chosen for and by no other.
 */
class PackagesPointDownwardsTest {
  private static final Map<String, Set<String>> USES =
      Map.of(
          "safetensors", Set.of(),
          "peft", Set.of("safetensors"),
          "onnx", Set.of(),
          "runtime", Set.of(),
          "model", Set.of("onnx", "runtime", "safetensors", "peft"),
          "training", Set.of("model", "peft"),
          "generation", Set.of("model", "peft"),
          "server", Set.of("generation", "training"),
          "cli", Set.of("server"));

  private static final Map<String, Set<String>> LIBRARIES =
      Map.ofEntries(
          Map.entry("ai.djl", Set.of("model")),
          Map.entry("ai.onnx", Set.of("onnx")),
          Map.entry("com.google.protobuf", Set.of("onnx")),
          Map.entry(
              "com.fasterxml.jackson",
              Set.of("safetensors", "peft", "model", "training", "generation", "server", "cli")),
          Map.entry("io.micrometer", Set.of("server")),
          Map.entry("io.vertx", Set.of("server")),
          Map.entry("org.apache.commons.compress", Set.of("server")),
          Map.entry("me.tongfei.progressbar", Set.of("cli")),
          Map.entry("org.knowm.xchart", Set.of("training")),
          Map.entry("picocli", Set.of("cli")));

  private static final Pattern OURS = Pattern.compile("\\bdev\\.preamble\\.([a-z]+)\\b");
  private static final Pattern THEIRS =
      Pattern.compile("\\bimport (?:static )?((?!java\\.|javax\\.|dev\\.)[a-z.]+)\\.[A-Za-z]");

  @Test
  void packagesUseOnlyWhatStandsAboveThem() throws IOException {
    List<String> wrong = new ArrayList<>();
    Set<String> rooms = new HashSet<>();
    for (Source source : Source.all()) {
      rooms.add(source.room());
      Set<String> allowed = closure(source.room());
      source
          .find(OURS)
          .map(match -> match.group(1))
          .filter(used -> !allowed.contains(used))
          .forEach(used -> wrong.add(source.file() + " uses " + used));
    }
    assertEquals(List.of(), wrong);
    rooms.remove("");
    assertEquals(USES.keySet(), rooms);
  }

  @Test
  void eachLibraryStaysInItsPackages() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Source source : Source.all()) {
      source
          .find(THEIRS)
          .map(match -> match.group(1))
          .filter(used -> !mayUse(source.room(), used))
          .forEach(used -> wrong.add(source.file() + " uses " + used));
    }
    assertEquals(List.of(), wrong);
  }

  @Test
  void namesInCommentsAndStringsDoNotCount() {
    String code =
        Source.code(
            "int a; // one\n/* two\n three */ call(\"four \\\" four\", '\"', \"\"\"\n five\"\"\"); b");
    assertEquals(
        List.of("int", "a;", "call(\"\",", "'", "',", "\"\");", "b"),
        List.of(code.strip().split("\\s+")));
  }

  private static Set<String> closure(String room) {
    Set<String> all = new HashSet<>();
    if (!room.isEmpty()) {
      all.add(room);
      USES.getOrDefault(room, Set.of()).forEach(used -> all.addAll(closure(used)));
    }
    return all;
  }

  private static boolean mayUse(String room, String library) {
    return LIBRARIES.entrySet().stream()
        .anyMatch(
            entry ->
                (library + ".").startsWith(entry.getKey() + ".")
                    && entry.getValue().contains(room));
  }
}
