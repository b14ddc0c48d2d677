package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.preamble.server.access.KeyFile;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code key remove}: a key out of a file. */
@Command(
    name = "remove",
    mixinStandardHelpOptions = true,
    description = "Takes a key out of a file; a server that runs lets it in no more.")
final class KeyRemoveCommand implements Runnable {
  @Mixin private OutputOptions output;

  @Option(names = "--file", required = true, paramLabel = "FILE", description = "File of keys.")
  private Path file;

  @Option(
      names = "--name",
      required = true,
      paramLabel = "NAME",
      description = "What the key is called.")
  private String name;

  @Override
  public void run() {
    KeyFile.remove(file, name);
    output.print(
        JsonNodeFactory.instance.objectNode().put("name", name).put("removed", true),
        () -> "removed " + name);
  }
}
