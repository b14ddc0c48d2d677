package dev.preamble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * When the launcher builds, and what it then runs. A small checkout of its own, whose Maven and JDK
 * are scripts that note their calls, stands for the real one.
 */
class LauncherTest {
  /** What the launcher needs of a system besides Maven and a JDK. */
  private static final List<String> TOOLS =
      List.of(
          "cat",
          "dirname",
          "find",
          "flock",
          "mkdir",
          "mv",
          "perl",
          "readlink",
          "rm",
          "sed",
          "sleep",
          "touch");

  private record Outcome(int code, String out, String err) {}

  @TempDir Path folder;
  private Path checkout;
  private Optional<String> javaOptions = Optional.empty();
  private Optional<String> tunables = Optional.empty();
  private Path jdk;
  private Path tools;

  @BeforeEach
  void layOut() throws IOException {
    checkout = Files.createDirectories(folder.resolve("check out"));
    tools = Files.createDirectories(folder.resolve("tools"));
    jdk = folder.resolve("jdk 25");
    Files.copy(Path.of("preamble"), checkout.resolve("preamble"));
    Files.createDirectories(checkout.resolve("src/main/java"));
    Files.writeString(checkout.resolve("pom.xml"), "<project/>");
    Files.writeString(checkout.resolve("src/main/java/A.java"), "class A {}");
    for (String tool : TOOLS) {
      for (String bin : List.of("/bin", "/usr/bin")) {
        if (Files.exists(Path.of(bin, tool)) && !Files.exists(tools.resolve(tool))) {
          script(tools.resolve(tool), "exec %s/%s \"$@\"\n".formatted(bin, tool));
        }
      }
    }
    script(
        tools.resolve("mvn"),
        """
        echo built >> ../builds
        [ "$JAVA_HOME" = "${0%/*}/../jdk 25" ] || echo "another JDK: $JAVA_HOME" >> ../builds
        [ ! -e ../slow ] || sleep 1
        mkdir -p target/lib && echo half > target/preamble.jar
        [ ! -e ../killed ] || kill -9 $PPID $$
        [ ! -e ../broken ] || { echo "[ERROR] A.java does not compile"; exit 1; }
        echo whole > target/preamble.jar
        """);
    Files.createDirectories(jdk.resolve("bin"));
    Files.writeString(jdk.resolve("release"), "JAVA_RUNTIME_VERSION=\"25.0.9+1-LTS\"\n");
    script(jdk.resolve("bin/javac"), "");
    script(
        jdk.resolve("bin/java"),
        """
        for argument; do
          case $argument in
            -XX:AOTCacheOutput=*)
              [ ! -e "${0%/*}/../../no-record" ] || { echo "warning: no record" >&2; exit 1; }
              echo record > "${argument#*=}"
              exit ;;
          esac
        done
        echo "in $PWD"
        echo "tunables ${GLIBC_TUNABLES-none}"
        for argument; do echo "<$argument>"; done
        """);
  }

  @Test
  void buildsOnceAndHandsEverythingOn() throws Exception {
    Path elsewhere = Files.createDirectories(folder.resolve("else where"));
    Outcome first = launch(elsewhere, "score", "two words", "", "*");
    assertEquals(0, first.code(), first.err());
    assertTrue(first.err().startsWith("preamble: building once"), first.err());
    assertTrue(first.out().startsWith("in " + elsewhere.toRealPath()), first.out());
    assertTrue(first.out().endsWith("<score>\n<two words>\n<>\n<*>\n"), first.out());
    assertTrue(
        first.out().contains("<-Dpreamble.home=" + checkout.toRealPath() + ">"), first.out());
    assertTrue(first.out().contains("/preamble-25.0.9+1-LTS.aot>"), first.out());
    Path target = checkout.toRealPath().resolve("target");
    assertTrue(
        first.out().contains("<-cp>\n<%1$s/preamble.jar:%1$s/lib/*>\n".formatted(target)),
        first.out());

    Outcome second = launch(elsewhere, "score", "two words", "", "*");
    assertEquals(first.out(), second.out());
    assertEquals("", second.err());
    assertEquals(1, builds());
  }

  @Test
  void aLinkToTheLauncherRunsTheSameProgram() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("preamble"), checkout.resolve("preamble"));
    Outcome outcome = finish(start(folder, link, "--version"));
    assertTrue(
        outcome.out().contains("<-Dpreamble.home=" + checkout.toRealPath() + ">"), outcome.out());
  }

  @Test
  void theJvmIsStartedAsThePomSays() throws Exception {
    Matcher pom =
        Pattern.compile("<preamble.jvm>(.*)</preamble.jvm>")
            .matcher(Files.readString(Path.of("pom.xml")));
    assertTrue(pom.find());
    String expected = "<" + pom.group(1).replace(" ", ">\n<") + ">\n";
    String out = launch(folder, "serve").out();
    assertTrue(out.contains(expected), out);
  }

  @Test
  void whatTrainsHasASmallHeapUnlessTheUserChoosesACollector() throws Exception {
    for (String command : List.of("train", "sweep", "evaluate", "quickstart")) {
      String out = launch(folder, command).out();
      assertTrue(out.contains("<-XX:+UseSerialGC>\n<-Xms16m>\n"), out);
    }
    assertFalse(launch(folder, "serve").out().contains("GC"));
    javaOptions = Optional.of("-XX:+UseParallelGC");
    String out = launch(folder, "train").out();
    assertFalse(out.contains("UseSerialGC"), out);
    assertTrue(out.contains("<-XX:+UseParallelGC>"), out);
  }

  @Test
  void whatTrainsAsksForHugePagesUnlessTheUserSaysOtherwise() throws Exception {
    for (String command : List.of("train", "sweep", "evaluate", "quickstart")) {
      String out = launch(folder, command).out();
      assertTrue(out.contains("tunables glibc.malloc.hugetlb=1\n"), out);
    }
    assertTrue(launch(folder, "serve").out().contains("tunables none\n"));
    tunables = Optional.of("glibc.malloc.arena_max=2");
    String added = launch(folder, "train").out();
    assertTrue(added.contains("tunables glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1\n"), added);
    tunables = Optional.of("glibc.malloc.hugetlb=0");
    String kept = launch(folder, "train").out();
    assertTrue(kept.contains("tunables glibc.malloc.hugetlb=0\n"), kept);
  }

  @Test
  void newerSourcesAreBuilt() throws Exception {
    launch(folder);
    touch("pom.xml");
    launch(folder);
    assertEquals(2, builds());
    touch("src/main/java/A.java");
    launch(folder);
    assertEquals(3, builds());
    Files.delete(checkout.resolve("src/main/java/A.java"));
    touch("src/main/java");
    launch(folder);
    assertEquals(4, builds());
    launch(folder);
    assertEquals(4, builds());
  }

  @Test
  void launchersAtOnceBuildOnce() throws Exception {
    Files.createFile(folder.resolve("slow"));
    List<Process> started = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      started.add(start(folder, checkout.resolve("preamble"), "n" + i));
    }
    for (int i = 0; i < 4; i++) {
      Outcome outcome = finish(started.get(i));
      assertTrue(outcome.out().endsWith("<n" + i + ">\n"), outcome.toString());
    }
    assertEquals(1, builds());
  }

  @Test
  void aFailedBuildIsShownAndTriedAgain() throws Exception {
    Files.createFile(folder.resolve("broken"));
    Outcome broken = launch(folder);
    assertEquals(1, broken.code());
    assertEquals("", broken.out());
    assertTrue(broken.err().contains("A.java does not compile"), broken.err());
    Files.delete(folder.resolve("broken"));
    assertEquals(0, launch(folder).code());
    assertEquals(2, builds());
  }

  @Test
  void aKilledBuildLeavesNothingThatCounts() throws Exception {
    Files.createFile(folder.resolve("killed"));
    assertFalse(launch(folder).code() == 0);
    assertTrue(Files.exists(checkout.resolve("target/preamble.jar")), "half a jar is there");
    Files.delete(folder.resolve("killed"));
    assertEquals(0, launch(folder).code());
    assertEquals(2, builds());
    assertEquals("whole\n", Files.readString(checkout.resolve("target/preamble.jar")));
  }

  @Test
  void withoutARecordItStartsAllTheSame() throws Exception {
    Files.createFile(folder.resolve("no-record"));
    launch(folder);
    Outcome outcome = launch(folder, "--version");
    assertEquals(0, outcome.code());
    assertEquals("", outcome.err());
    assertFalse(outcome.out().contains("AOT"), outcome.out());
  }

  @Test
  void whatIsMissingIsNamed() throws Exception {
    Files.delete(tools.resolve("mvn"));
    Outcome noMaven = launch(folder);
    assertEquals(1, noMaven.code());
    assertTrue(noMaven.err().contains("Install Maven 3.8 or later"), noMaven.err());

    Files.writeString(jdk.resolve("release"), "JAVA_RUNTIME_VERSION=\"21.0.1+2\"\n");
    Outcome oldJdk = launch(folder);
    assertEquals(1, oldJdk.code());
    assertTrue(oldJdk.err().contains("which holds no JDK 25"), oldJdk.err());
  }

  private Outcome launch(Path workingFolder, String... arguments) throws Exception {
    return finish(start(workingFolder, checkout.resolve("preamble"), arguments));
  }

  private Process start(Path workingFolder, Path launcher, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(workingFolder.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", tools.toString());
    builder.environment().put("PREAMBLE_JAVA_HOME", tools.resolve("../jdk 25").toString());
    tunables.ifPresent(given -> builder.environment().put("GLIBC_TUNABLES", given));
    javaOptions.ifPresent(options -> builder.environment().put("PREAMBLE_JAVA_OPTS", options));
    return builder.start();
  }

  private static Outcome finish(Process process) throws Exception {
    String out = new String(process.getInputStream().readAllBytes());
    String err = new String(process.getErrorStream().readAllBytes());
    return new Outcome(process.waitFor(), out, err);
  }

  private long builds() throws IOException {
    List<String> lines = Files.readAllLines(folder.resolve("builds"));
    assertEquals(List.of("built"), lines.stream().distinct().toList());
    return lines.size();
  }

  /** Marks a source as changed, later than anything that was built. */
  private void touch(String source) throws IOException {
    Files.setLastModifiedTime(checkout.resolve(source), FileTime.from(Instant.now()));
  }

  private static void script(Path file, String body) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + body);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
