package dev.preamble.bench;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/**
 * A main class of this class path as an installed program: its classes in a jar, with an
 * ahead-of-time cache that a first run leaves.
 *
 * @param main the class
 * @param folder holds jar and cache
 * @param classPath jars only, which the cache needs
 */
record Program(Class<?> main, Path folder, String classPath) implements AutoCloseable {
  /** Packs the folders of the class path. */
  static Program make(Class<?> main) throws IOException {
    Path folder = Files.createTempDirectory("preamble-program");
    List<String> jars = new ArrayList<>();
    int packed = 0;
    for (String part : System.getProperty("java.class.path").split(File.pathSeparator)) {
      Path path = Path.of(part);
      if (Files.isDirectory(path)) {
        Path jar = folder.resolve("classes-" + packed++ + ".jar");
        pack(path, jar);
        path = jar;
      }
      jars.add(path.toString());
    }
    return new Program(main, folder, String.join(File.pathSeparator, jars));
  }

  private static void pack(Path classes, Path jar) throws IOException {
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream packed = new JarOutputStream(file);
        Stream<Path> walk = Files.walk(classes)) {
      for (Path each : walk.filter(Files::isRegularFile).toList()) {
        String name = classes.relativize(each).toString().replace(File.separatorChar, '/');
        packed.putNextEntry(new JarEntry(name));
        Files.copy(each, packed);
      }
    }
  }

  /** The command that leaves the cache. */
  List<String> rehearsal() {
    return java(main.getName(), "-XX:AOTCacheOutput=" + cache());
  }

  /** The command that leaves the cache, by another main class. */
  List<String> rehearsal(String other, String... arguments) {
    List<String> command = new ArrayList<>(java(other, "-XX:AOTCacheOutput=" + cache()));
    command.addAll(List.of(arguments));
    return command;
  }

  /** The command that starts with the cache. */
  List<String> command() {
    return java(main.getName(), "-XX:AOTCache=" + cache());
  }

  /** As above, with more {@code options} of the JVM. */
  List<String> command(List<String> options) {
    List<String> command = new ArrayList<>(command());
    command.addAll(1, options);
    return command;
  }

  /** The command that starts without the cache. */
  List<String> plain() {
    return java(main.getName(), "-Xshare:auto");
  }

  private Path cache() {
    return folder.resolve("program.aot");
  }

  private List<String> java(String mainClass, String option) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-Xlog:aot*=off,cds*=off",
        option,
        "-cp",
        classPath,
        mainClass);
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
