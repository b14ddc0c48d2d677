package dev.preamble.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The memory of this process, as the system counts it. */
public final class Memory {
  private Memory() {}

  /** Resident memory of the process's own: no file's pages, which all who map it share. */
  public static long privateBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("RssAnon:")) {
        return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("/proc/self/status has no RssAnon");
  }
}
