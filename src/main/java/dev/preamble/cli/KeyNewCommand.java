package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.preamble.server.access.ApiKey;
import dev.preamble.server.access.KeyFile;
import dev.preamble.server.access.NamePattern;
import dev.preamble.server.access.Role;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code key new}: a key into a file, which keeps its hash alone. */
@Command(
    name = "new",
    mixinStandardHelpOptions = true,
    description =
        "Makes a key, adds its hash to a file and prints the key itself, which is kept nowhere. A server that runs takes it over.")
final class KeyNewCommand implements Runnable {
  @Mixin private OutputOptions output;

  @Option(
      names = "--file",
      required = true,
      paramLabel = "FILE",
      description = "File of keys, made if it is not there.")
  private Path file;

  @Option(
      names = "--name",
      required = true,
      paramLabel = "NAME",
      description = "What logs call its holder.")
  private String name;

  @Option(
      names = "--role",
      paramLabel = "ROLE",
      defaultValue = "infer",
      description =
          "infer: use models; metrics: read metrics; admin: all, changing adapters too; ${DEFAULT-VALUE} if not given.")
  private String role;

  @Option(
      names = "--models",
      split = ",",
      paramLabel = "PATTERN",
      description = "Models that it reaches, such as 'team-*'; all if not given.")
  private List<String> models = List.of();

  @Option(
      names = "--requests-per-minute",
      paramLabel = "N",
      description = "Requests a minute; as many as the server allows anybody if not given.")
  private Optional<Integer> requestsPerMinute = Optional.empty();

  @Override
  public void run() {
    String secret = ApiKey.newSecret();
    KeyFile.add(
        file,
        new ApiKey(
            name,
            ApiKey.hash(secret),
            Role.parse(role),
            models.stream().map(NamePattern::new).toList(),
            requestsPerMinute.map(OptionalInt::of).orElse(OptionalInt.empty())));
    output.print(
        JsonNodeFactory.instance.objectNode().put("name", name).put("key", secret), () -> secret);
  }
}
