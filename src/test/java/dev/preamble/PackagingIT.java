package dev.preamble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The two jars that the build makes: one to run, one to use as a library. */
class PackagingIT {
  private static final Path TARGET = Path.of("target").toAbsolutePath();
  private static final Path RUNNABLE = TARGET.resolve("preamble-all.jar");

  @TempDir Path folder;

  @Test
  void theRunnableJarNeedsNothingBesideIt() throws Exception {
    Path alone = Files.copy(RUNNABLE, folder.resolve("p.jar"));
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--sun-misc-unsafe-memory-access=allow",
                "-jar",
                alone.toString(),
                "generate",
                "--model",
                Path.of("test-fixtures/stories15M").toAbsolutePath().toString(),
                "--prompt",
                "Once upon a time",
                "--max-tokens",
                "3",
                "--quiet")
            .directory(folder.toFile())
            .redirectError(folder.resolve("err").toFile())
            .start();
    String out = new String(process.getInputStream().readAllBytes());
    assertEquals(0, process.waitFor(), () -> read(folder.resolve("err")));
    assertTrue(out.contains(", there was"), out);
    assertEquals("", read(folder.resolve("err")), "warnings");
  }

  @Test
  void theRunnableJarHasTheNativesOfTheCommonPlatforms() throws IOException {
    try (JarFile jar = new JarFile(RUNNABLE.toFile())) {
      for (String file :
          List.of(
              "ai/onnxruntime/native/linux-x64/libonnxruntime.so",
              "ai/onnxruntime/native/linux-aarch64/libonnxruntime.so",
              "ai/onnxruntime/native/osx-aarch64/libonnxruntime.dylib",
              "ai/onnxruntime/native/win-x64/onnxruntime.dll",
              "native/lib/linux-x86_64/cpu/libtokenizers.so",
              "native/lib/linux-aarch64/cpu/libtokenizers.so",
              "native/lib/osx-aarch64/cpu/libtokenizers.dylib",
              "native/lib/win-x86_64/cpu/tokenizers.dll")) {
        assertTrue(jar.getEntry(file) != null, file);
      }
    }
  }

  @Test
  void theLibraryHoldsPreambleAloneAndNamesNoOtherJar() throws IOException {
    try (JarFile jar = new JarFile(TARGET.resolve("preamble.jar").toFile())) {
      assertEquals(null, jar.getManifest().getMainAttributes().getValue("Class-Path"));
      List<String> strangers =
          jar.stream()
              .map(entry -> entry.getName())
              .filter(name -> name.endsWith(".class") && !name.startsWith("dev/preamble/"))
              .toList();
      assertEquals(List.of(), strangers);
    }
  }

  @Test
  void theLibrarysPomNamesWhatItNeedsAndNothingOfTheBuild() throws IOException {
    String pom = Files.readString(TARGET.resolve(".flattened-pom.xml"));
    for (String part : List.of("<build>", "<properties>", "<profiles>", "<scope>test", "${")) {
      assertFalse(pom.contains(part), part + " in\n" + pom);
    }
    List<String> needed =
        Pattern.compile("<artifactId>(.+?)</artifactId>")
            .matcher(pom)
            .results()
            .map(match -> match.group(1))
            .toList();
    assertTrue(needed.containsAll(List.of("tokenizers", "onnxruntime", "vertx-core")), pom);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException fault) {
      return fault.toString();
    }
  }
}
