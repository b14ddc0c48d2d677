package dev.preamble.cli;

import dev.preamble.generation.EngineOptions;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How many requests run together, and what memory they and what is kept for them may take. */
final class EngineOption {
  private static final EngineOptions DEFAULTS = EngineOptions.defaults();

  @Option(
      names = "--rows",
      paramLabel = "N",
      description = "Requests that run together at most; 32 if not given.")
  private int rows = DEFAULTS.rows();

  @Option(
      names = "--cache-bytes",
      paramLabel = "BYTES",
      converter = Bytes.class,
      description = "Memory for the keys and values of running requests; 2G if not given.")
  private long cacheBytes = DEFAULTS.cacheBytes();

  @Option(
      names = "--prefix-bytes",
      paramLabel = "BYTES",
      converter = Bytes.class,
      description = "Memory to keep adapters' prefixes in; 1G if not given.")
  private long prefixBytes = DEFAULTS.prefixBytes();

  @Option(
      names = "--text-bytes",
      paramLabel = "BYTES",
      converter = Bytes.class,
      description = "Memory to keep texts in that requests begin with; 256M if not given.")
  private long textBytes = DEFAULTS.textBytes();

  /** A number of bytes, with K, M or G behind it for as many times 1,024, 1,024^2 or 1,024^3. */
  static final class Bytes implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      String upper = text.toUpperCase(Locale.ROOT);
      int unit = "KMG".indexOf(upper.isEmpty() ? ' ' : upper.charAt(upper.length() - 1));
      String digits = unit < 0 ? upper : upper.substring(0, upper.length() - 1);
      try {
        return Math.multiplyExact(Long.parseLong(digits), 1L << 10 * (unit + 1));
      } catch (ArithmeticException | NumberFormatException fault) {
        throw new TypeConversionException(
            "expected a number of bytes such as 512M or 2G, found '" + text + "'");
      }
    }
  }

  EngineOptions with(EngineOptions options) {
    return options
        .withRows(rows)
        .withCacheBytes(cacheBytes)
        .withPrefixBytes(prefixBytes)
        .withTextBytes(textBytes);
  }
}
