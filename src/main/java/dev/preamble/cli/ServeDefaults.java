package dev.preamble.cli;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.preamble.ParserMessage;
import dev.preamble.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * What the options of {@code serve} are where the command line does not say it: what the
 * environment says, else a YAML file. An option {@code --api-key-file} is {@code
 * PREAMBLE_API_KEY_FILE} and {@code api-key-file} there.
 */
final class ServeDefaults implements IDefaultValueProvider {
  static final String CONFIG = "--config";
  private static final long LARGEST = 1 << 20;
  private static final YAMLMapper YAML =
      YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final Map<String, String> environment;
  private final ObjectNode file;

  private ServeDefaults(Map<String, String> environment, ObjectNode file) {
    this.environment = environment;
    this.file = file;
  }

  /**
   * What {@code environment} says, and the file that it or {@code arguments} name.
   *
   * @param serve the command, whose options the file may hold
   * @throws UsageException if the file cannot be read or holds something else
   */
  static ServeDefaults of(CommandSpec serve, Map<String, String> environment, String... arguments) {
    ObjectNode nothing = JsonNodeFactory.instance.objectNode();
    Optional<String> named =
        config(arguments).or(() -> Optional.ofNullable(environment.get(variable(CONFIG))));
    return new ServeDefaults(
        environment, named.map(name -> read(Path.of(name), serve)).orElse(nothing));
  }

  private static Optional<String> config(String... arguments) {
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i].startsWith(CONFIG + "=")) {
        return Optional.of(arguments[i].substring(CONFIG.length() + 1));
      }
      if (arguments[i].equals(CONFIG) && i + 1 < arguments.length) {
        return Optional.of(arguments[i + 1]);
      }
    }
    return Optional.empty();
  }

  private static ObjectNode read(Path path, CommandSpec serve) {
    try {
      if (Files.size(path) > LARGEST) {
        throw new UsageException(
            "%s: expected at most %,d bytes, found %,d".formatted(path, LARGEST, Files.size(path)));
      }
      JsonNode read = YAML.readTree(Files.readAllBytes(path));
      if (!(read instanceof ObjectNode options)) {
        throw new UsageException(path + ": expected lines such as 'port: 8080'");
      }
      options.properties().forEach(entry -> check(path, serve, entry.getKey(), entry.getValue()));
      return options;
    } catch (JacksonException malformed) {
      throw new UsageException(
          "%s: expected YAML: %s"
              .formatted(path, ParserMessage.brief(malformed.getOriginalMessage())));
    } catch (IOException fault) {
      throw new UsageException("cannot read %s: %s".formatted(path, WholeFile.reason(fault)));
    }
  }

  private static void check(Path path, CommandSpec serve, String key, JsonNode value) {
    OptionSpec option = serve.findOption("--" + key);
    if (option == null || !isSetting(option)) {
      throw new UsageException(
          "%s: there is no option '%s'; 'preamble serve --help' lists those there are"
              .formatted(path, key));
    }
    if (!value.isValueNode() || value.isNull()) {
      throw new UsageException("%s: %s: expected one value, found %s".formatted(path, key, value));
    }
  }

  private static boolean isSetting(OptionSpec option) {
    return !option.usageHelp()
        && !option.versionHelp()
        && !Arrays.asList(option.names()).contains(CONFIG);
  }

  private static String variable(String option) {
    return "PREAMBLE_" + option.substring(2).replace('-', '_').toUpperCase(Locale.ROOT);
  }

  @Override
  public String defaultValue(ArgSpec argument) {
    if (!(argument instanceof OptionSpec option) || !isSetting(option)) {
      return null;
    }
    String name = option.longestName();
    String set = environment.get(variable(name));
    JsonNode written = file.get(name.substring(2));
    return set != null ? set : written == null ? null : written.asText();
  }
}
