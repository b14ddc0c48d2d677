package dev.preamble.cli;

import dev.preamble.generation.EngineOptions;
import picocli.CommandLine.Option;

/** How much an engine does at once, and what it keeps. */
final class EngineLimitOptions {
  @Option(
      names = "--rows",
      paramLabel = "N",
      defaultValue = "32",
      description = "Texts that run together; ${DEFAULT-VALUE} if not given.")
  private int rows;

  @Option(
      names = "--cache-bytes",
      paramLabel = "BYTES",
      converter = ByteSize.class,
      defaultValue = "2g",
      description = "Keys and values of the texts that run; ${DEFAULT-VALUE} if not given.")
  private long cacheBytes;

  @Option(
      names = "--prefix-bytes",
      paramLabel = "BYTES",
      converter = ByteSize.class,
      defaultValue = "1g",
      description = "Keys and values of adapters that are kept; ${DEFAULT-VALUE} if not given.")
  private long prefixBytes;

  @Option(
      names = "--text-bytes",
      paramLabel = "BYTES",
      converter = ByteSize.class,
      defaultValue = "256m",
      description =
          "Keys and values that are kept of what texts began with; ${DEFAULT-VALUE} if not given.")
  private long textBytes;

  EngineOptions options() {
    return EngineOptions.defaults()
        .withRows(rows)
        .withCacheBytes(cacheBytes)
        .withPrefixBytes(prefixBytes)
        .withTextBytes(textBytes);
  }
}
