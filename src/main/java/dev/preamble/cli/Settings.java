package dev.preamble.cli;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.ParserMessage;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.training.method.PromptTuningConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * The values of a run's settings by key: those given as flags, else those of the configuration
 * file, else the presets.
 */
final class Settings {
  /** Largest configuration file, in bytes. */
  private static final long CAP = 1 << 20;

  private final List<Setting> known;
  private final ObjectNode values;

  private Settings(List<Setting> known, ObjectNode values) {
    this.known = known;
    this.values = values;
  }

  /** Declares {@code settings} as options of {@code command}. */
  static void declare(CommandSpec command, List<Setting> settings) {
    for (Setting setting : settings) {
      String preset = setting.preset().map(" (%s)"::formatted).orElse("");
      OptionSpec.Builder option =
          OptionSpec.builder(setting.flag())
              .description(setting.description().replace("%", "%%") + preset);
      command.addOption(
          setting.isSwitch()
              ? option.type(boolean.class).build()
              : option.type(String.class).paramLabel(setting.label()).build());
    }
  }

  /** The values that {@code parsed} gives {@code known}, and nothing else. */
  static Settings ofFlags(List<Setting> known, ParseResult parsed) {
    ObjectNode values = JsonNodeFactory.instance.objectNode();
    for (Setting setting : known) {
      if (parsed.hasMatchedOption(setting.flag())) {
        values.put(setting.key(), parsed.matchedOption(setting.flag()).getValue().toString());
      }
    }
    return new Settings(known, values);
  }

  /**
   * The values that {@code file} gives {@code known}.
   *
   * @throws PreambleException if it is no YAML, or has other keys
   */
  static Settings ofFile(List<Setting> known, Path file) {
    try {
      if (Files.size(file) > CAP) {
        throw new UsageException(
            "%s: expected at most %,d bytes, found %,d".formatted(file, CAP, Files.size(file)));
      }
      JsonNode read = SettingsYaml.read(Files.readString(file));
      if (!(read instanceof ObjectNode values)) {
        throw new UsageException(file + ": expected settings, one 'key: value' a line");
      }
      values
          .fieldNames()
          .forEachRemaining(
              key -> {
                if (known.stream().noneMatch(each -> each.key().equals(key))) {
                  throw new UsageException(
                      "%s: unknown setting %s; known are %s"
                          .formatted(file, key, known.stream().map(Setting::key).toList()));
                }
              });
      return new Settings(known, values);
    } catch (JacksonException fault) {
      throw new UsageException(
          "%s: no YAML: %s".formatted(file, ParserMessage.brief(fault.getOriginalMessage())));
    } catch (IOException fault) {
      throw new UsageException("%s: cannot be read: %s".formatted(file, WholeFile.reason(fault)));
    }
  }

  /** These, and of {@code others} those that these do not have. */
  Settings over(Settings others) {
    ObjectNode merged = others.values.deepCopy();
    values.properties().forEach(each -> merged.set(each.getKey(), each.getValue()));
    return new Settings(known, merged);
  }

  /**
   * These, and the presets of those that are not given and of use to the method; PEFT's own where
   * the method has them.
   */
  Settings overPresets(boolean ofPeft) {
    ObjectNode presets = JsonNodeFactory.instance.objectNode();
    String method = text("method").orElse(PromptTuningConfig.NAME);
    for (Setting setting : known) {
      if (MethodSettings.isUsed(setting.key(), method)) {
        Optional<String> preset = ofPeft ? setting.inPeft().or(setting::preset) : setting.preset();
        preset.ifPresent(value -> presets.put(setting.key(), value));
      }
    }
    return over(new Settings(known, presets));
  }

  /** These with {@code key} set. */
  Settings with(String key, Object value) {
    ObjectNode changed = values.deepCopy();
    changed.put(key, value.toString());
    return new Settings(known, changed);
  }

  /** The settings that have another value in {@code others}. */
  List<String> differing(Settings others) {
    return known.stream()
        .map(Setting::key)
        .filter(key -> !text(key).equals(others.text(key)))
        .toList();
  }

  /** The value of {@code key} as text. */
  Optional<String> text(String key) {
    JsonNode value = values.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return Optional.empty();
    }
    if (value.isArray()) {
      StringBuilder joined = new StringBuilder();
      value.forEach(each -> joined.append(joined.isEmpty() ? "" : ",").append(each.asText()));
      return Optional.of(joined.toString());
    }
    if (value.isObject()) {
      StringBuilder joined = new StringBuilder();
      value
          .properties()
          .forEach(
              each ->
                  joined
                      .append(joined.isEmpty() ? "" : ",")
                      .append(each.getKey())
                      .append('=')
                      .append(each.getValue().asText()));
      return Optional.of(joined.toString());
    }
    return Optional.of(value.asText());
  }

  /**
   * The value of {@code key}.
   *
   * @throws UsageException if there is none
   */
  String required(String key) {
    return text(key)
        .orElseThrow(
            () ->
                new UsageException(
                    "--%s: expected a value, on the command line or in the --config file"
                        .formatted(key)));
  }

  /** A whole number that has a value. */
  int whole(String key) {
    return parsed(key, required(key), "a whole number", Integer::parseInt);
  }

  /** A whole number, where it is given. */
  OptionalInt optionalWhole(String key) {
    return text(key).isPresent() ? OptionalInt.of(whole(key)) : OptionalInt.empty();
  }

  /** A whole number of 64 bits that has a value. */
  long wholeLong(String key) {
    return parsed(key, required(key), "a whole number", Long::parseLong);
  }

  /** A number, where it is given. */
  Optional<Double> number(String key) {
    return text(key).map(value -> parsed(key, value, "a number", Double::parseDouble));
  }

  /** A number that has a value. */
  double requiredNumber(String key) {
    required(key);
    return number(key).orElseThrow();
  }

  /** A path, where it is given. */
  Optional<Path> path(String key) {
    return text(key).map(Path::of);
  }

  /** Whether a switch is on. */
  boolean isOn(String key) {
    return text(key)
        .map(
            value ->
                parsed(
                    key,
                    value,
                    "true or false",
                    text -> {
                      if (!text.equals("true") && !text.equals("false")) {
                        throw new NumberFormatException();
                      }
                      return text.equals("true");
                    }))
        .orElse(false);
  }

  /** One of an enum's constants that has a value. */
  <E extends Enum<E>> E choice(Class<E> type, String key) {
    return Choice.of(type, "--" + key, required(key));
  }

  private static <T> T parsed(
      String key, String value, String expected, Function<String, T> parser) {
    try {
      return parser.apply(value.strip());
    } catch (NumberFormatException fault) {
      throw new UsageException("--%s: expected %s, found \"%s\"".formatted(key, expected, value));
    }
  }

  /** The values as a configuration file, in the order of the settings. */
  String yaml() {
    ObjectNode ordered = JsonNodeFactory.instance.objectNode();
    for (Setting setting : known) {
      text(setting.key()).ifPresent(value -> ordered.put(setting.key(), value));
    }
    return SettingsYaml.write(ordered);
  }
}
