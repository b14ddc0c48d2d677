package dev.preamble.server;

import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A W3C trace context: the trace that a request belongs to and the span that this server is in it.
 *
 * @param traceId the trace, 32 hexadecimal digits
 * @param spanId this server's part of it, 16 hexadecimal digits
 * @param flags two hexadecimal digits, as they came
 */
record TraceParent(String traceId, String spanId, String flags) {
  private static final Pattern HEADER =
      Pattern.compile("00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})");

  /** A new span of the trace that the header {@code traceparent} names; none if it is malformed. */
  static Optional<TraceParent> of(String header) {
    return Optional.ofNullable(header)
        .map(HEADER::matcher)
        .filter(Matcher::matches)
        .map(
            parts ->
                new TraceParent(
                    parts.group(1),
                    "%016x".formatted(1 | ThreadLocalRandom.current().nextLong()),
                    parts.group(2)));
  }

  /** The header's value for whoever comes next. */
  String header() {
    return "00-%s-%s-%s".formatted(traceId, spanId, flags);
  }
}
