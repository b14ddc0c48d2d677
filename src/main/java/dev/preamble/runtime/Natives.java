package dev.preamble.runtime;

import dev.preamble.PreambleException;
import dev.preamble.WholeFolder;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * The official artifact's native libraries as files. They are unpacked once, together, into a
 * folder of the cache that bears their version and checksum; the folder appears whole or not at
 * all, and processes that unpack at the same time end up with one.
 */
final class Natives {
  private static final String ROOT = "ai/onnxruntime/native/";

  private Natives() {}

  /**
   * The path of libonnxruntime for this machine, unpacked under {@code cache} if it was not yet.
   */
  static Path unpacked(Path cache) {
    String platform = platform();
    String library = System.mapLibraryName("onnxruntime");
    URL resource = Natives.class.getClassLoader().getResource(ROOT + platform + "/" + library);
    if (resource == null) {
      throw new PreambleException(
          "no ONNX Runtime for this machine: the class path holds no "
              + (ROOT + platform + "/" + library)
              + "; add the onnxruntime artifact, or name a library with "
              + Library.VARIABLE);
    }
    try {
      if (!(resource.openConnection() instanceof JarURLConnection connection)) {
        return Path.of(resource.toURI());
      }
      connection.setUseCaches(false);
      try (JarFile jar = connection.getJarFile()) {
        return folder(cache, jar, platform, connection.getJarEntry()).resolve(library);
      }
    } catch (IOException | java.net.URISyntaxException e) {
      throw new PreambleException(
          "cannot unpack ONNX Runtime's library into "
              + cache
              + ": "
              + e
              + "; free or allow that folder, or set PREAMBLE_CACHE to another",
          e);
    }
  }

  private static String platform() {
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    return (system.contains("win") ? "win" : system.contains("mac") ? "osx" : "linux")
        + (machine.equals("aarch64") || machine.equals("arm64") ? "-aarch64" : "-x64");
  }

  private static Path folder(Path cache, JarFile jar, String platform, JarEntry library)
      throws IOException {
    Path folder = cache.resolve(folderName(jar, platform, library));
    List<JarEntry> entries =
        jar.stream().filter(entry -> isLibrary(entry, ROOT + platform + "/")).toList();
    if (!isWhole(folder, entries)) {
      unpack(jar, entries, folder);
    }
    return folder;
  }

  private static String folderName(JarFile jar, String platform, JarEntry library)
      throws IOException {
    Attributes manifest = jar.getManifest().getMainAttributes();
    String version = manifest.getValue(Attributes.Name.IMPLEMENTATION_VERSION);
    return String.format(
        Locale.ROOT, "onnxruntime-%s-%s-%08x", version, platform, library.getCrc());
  }

  /** The libraries beside libonnxruntime, without the official Java API's own. */
  private static boolean isLibrary(JarEntry entry, String folder) {
    String name = entry.getName();
    return name.startsWith(folder)
        && name.indexOf('/', folder.length()) < 0
        && name.length() > folder.length()
        && !name.contains("4j_jni");
  }

  private static boolean isWhole(Path folder, List<JarEntry> entries) throws IOException {
    for (JarEntry entry : entries) {
      Path file = folder.resolve(fileName(entry));
      if (!Files.isRegularFile(file) || Files.size(file) != entry.getSize()) {
        return false;
      }
    }
    return true;
  }

  private static void unpack(JarFile jar, List<JarEntry> entries, Path folder) throws IOException {
    Files.createDirectories(folder.getParent());
    Path made = Files.createTempDirectory(folder.getParent(), "." + folder.getFileName() + ".");
    try {
      for (JarEntry entry : entries) {
        try (InputStream in = jar.getInputStream(entry)) {
          Files.copy(in, made.resolve(fileName(entry)));
        }
      }
      if (!isWhole(folder, entries)) {
        WholeFolder.put(made, folder);
      }
    } finally {
      WholeFolder.remove(made);
    }
  }

  private static String fileName(JarEntry entry) {
    return entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
  }
}
