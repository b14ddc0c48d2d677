package dev.preamble.bench;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a measurement's numbers hold for. */
public final class Machine {
  private Machine() {}

  /** Processor, system, Java, memory's pages and how busy the machine is. */
  public static ObjectNode describe() throws IOException {
    return JsonNodeFactory.instance
        .objectNode()
        .put("cpu", cpu())
        .put("vector_instructions", vectorInstructions())
        .put("cpus", Runtime.getRuntime().availableProcessors())
        .put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"))
        .put("java", Runtime.version().toString())
        .put("huge_pages", hugePages())
        .put("GLIBC_TUNABLES", System.getenv().getOrDefault("GLIBC_TUNABLES", ""))
        .put("load_average", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
  }

  /** Who gets them, in brackets, as Linux says it. */
  private static String hugePages() throws IOException {
    Path setting = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
    return Files.isReadable(setting) ? Files.readString(setting).strip() : "unknown";
  }

  private static String cpu() throws IOException {
    return cpuInfo("model name").orElse("unknown");
  }

  /** Those of AVX-512 and AMX, which decide how fast matrix products are. */
  private static String vectorInstructions() throws IOException {
    return Arrays.stream(cpuInfo("flags").orElse("").split(" "))
        .filter(flag -> flag.startsWith("avx") || flag.startsWith("amx"))
        .collect(Collectors.joining(" "));
  }

  private static Optional<String> cpuInfo(String field) throws IOException {
    Path info = Path.of("/proc/cpuinfo");
    if (!Files.isReadable(info)) {
      return Optional.empty();
    }
    try (var lines = Files.lines(info)) {
      return lines
          .filter(line -> line.startsWith(field))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    }
  }
}
