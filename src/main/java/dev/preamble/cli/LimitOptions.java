package dev.preamble.cli;

import dev.preamble.server.ServerConfig;
import picocli.CommandLine.Option;

/** What one client of a server may ask for. */
final class LimitOptions {
  @Option(
      names = "--body-bytes",
      paramLabel = "BYTES",
      converter = ByteSize.class,
      defaultValue = "4m",
      description = "Largest body of a request, uploads apart; ${DEFAULT-VALUE} if not given.")
  private long bodyBytes;

  @Option(
      names = "--body-seconds",
      paramLabel = "SECONDS",
      defaultValue = "30",
      description =
          "Time that a body may take; of an upload, time that may pass without a byte; ${DEFAULT-VALUE} if not given.")
  private double bodySeconds;

  @Option(
      names = "--idle-seconds",
      paramLabel = "SECONDS",
      defaultValue = "75",
      description =
          "Time that a connection may stand open without a request; ${DEFAULT-VALUE} if not given.")
  private double idleSeconds;

  @Option(
      names = "--request-rows",
      paramLabel = "N",
      defaultValue = "64",
      description =
          "Texts that a request may ask for: prompts times n; ${DEFAULT-VALUE} if not given.")
  private int rows;

  @Option(
      names = "--unread-chunks",
      paramLabel = "N",
      defaultValue = "1024",
      description =
          "Chunks of a stream that may wait for their client; one that lets more wait is cut off; ${DEFAULT-VALUE} if not given.")
  private int unreadChunks;

  @Option(
      names = "--requests-per-minute",
      paramLabel = "N",
      defaultValue = "0",
      description = "Requests of one caller a minute; 0, if not given, for any number.")
  private int requestsPerMinute;

  @Option(
      names = "--requests-at-once",
      paramLabel = "N",
      defaultValue = "0",
      description = "Requests of one caller under way; 0, if not given, for any number.")
  private int requestsAtOnce;

  ServerConfig.Limits limits() {
    if (bodyBytes > Integer.MAX_VALUE / 2) {
      throw new UsageException(
          "--body-bytes: expected less than 1g, found %,d".formatted(bodyBytes));
    }
    return new ServerConfig.Limits(
        (int) bodyBytes,
        ServeCommand.seconds(bodySeconds),
        ServeCommand.seconds(idleSeconds),
        rows,
        unreadChunks,
        requestsPerMinute,
        requestsAtOnce);
  }
}
