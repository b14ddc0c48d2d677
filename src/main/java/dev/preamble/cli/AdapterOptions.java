package dev.preamble.cli;

import dev.preamble.server.adapters.AdapterCatalogOptions;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Where a server's adapters come from. */
final class AdapterOptions {
  @Option(
      names = "--adapters",
      paramLabel = "DIR",
      description =
          "Folder whose sub-folders are adapters, and where uploads go. What is added, replaced or removed there while the server runs is taken over.")
  private Optional<Path> folder = Optional.empty();

  @Option(
      names = "--adapter-paths",
      paramLabel = "DIR",
      description =
          "Folder in which requests may name adapters by path; that of --adapters if not given.")
  private Optional<Path> paths = Optional.empty();

  @Option(
      names = "--adapter-look",
      paramLabel = "SECONDS",
      defaultValue = "1",
      description = "Time between looks into the folder; ${DEFAULT-VALUE} if not given.")
  private double look;

  @Option(
      names = "--adapter-bytes",
      paramLabel = "BYTES",
      converter = ByteSize.class,
      defaultValue = "1g",
      description = "Adapters' values kept in memory; ${DEFAULT-VALUE} if not given.")
  private long bytes;

  @Option(
      names = "--upload-bytes",
      paramLabel = "BYTES",
      converter = ByteSize.class,
      defaultValue = "256m",
      description = "Largest upload; ${DEFAULT-VALUE} if not given.")
  private long uploadBytes;

  AdapterCatalogOptions options() {
    return new AdapterCatalogOptions(folder, paths, ServeCommand.seconds(look), bytes, uploadBytes);
  }
}
