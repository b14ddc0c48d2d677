package dev.preamble.server.access;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.preamble.ParserMessage;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * A YAML file of keys: {@code keys}, a list of {@code name}, {@code sha256}, {@code role}, and
 * where wanted {@code models} and {@code requests-per-minute}. It holds no secret.
 */
public final class KeyFile {
  private static final long LARGEST = 4 << 20;
  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .build();

  private record Keys(@JsonProperty("keys") List<Entry> keys) {}

  private record Entry(
      @JsonProperty("name") String name,
      @JsonProperty("sha256") String sha256,
      @JsonProperty("role") String role,
      @JsonProperty("models") List<String> models,
      @JsonProperty("requests-per-minute") Integer requestsPerMinute) {
    ApiKey key() {
      if (name == null || sha256 == null) {
        throw new PreambleException("each key needs name and sha256");
      }
      return new ApiKey(
          name,
          sha256,
          role == null ? Role.INFER : Role.parse(role),
          models == null ? List.of() : models.stream().map(NamePattern::new).toList(),
          requestsPerMinute == null ? OptionalInt.empty() : OptionalInt.of(requestsPerMinute));
    }
  }

  private KeyFile() {}

  /**
   * Reads the keys in {@code file}.
   *
   * @throws PreambleException if it cannot be read, is no such file, or has no key, for then
   *     everybody would be let in
   */
  public static KeyRing read(Path file) {
    List<ApiKey> keys = keys(file);
    if (keys.isEmpty()) {
      throw new PreambleException(
          "%s: expected at least one key, found none; make one with 'preamble key new --file %s'"
              .formatted(file, file));
    }
    return new KeyRing(keys);
  }

  /**
   * Adds {@code key} to {@code file}, which is made if it is not there.
   *
   * @throws PreambleException if it has a key of that name, or is no such file
   */
  public static void add(Path file, ApiKey key) {
    with(file, key);
    alone(file, () -> write(file, with(file, key)));
  }

  private static List<ApiKey> with(Path file, ApiKey key) {
    List<ApiKey> keys = new ArrayList<>(Files.exists(file) ? keys(file) : List.of());
    keys.add(key);
    requireDistinct(file, keys);
    return keys;
  }

  /**
   * Takes the key called {@code name} out of {@code file}.
   *
   * @throws PreambleException if there is none
   */
  public static void remove(Path file, String name) {
    without(file, name);
    alone(file, () -> write(file, without(file, name)));
  }

  private static List<ApiKey> without(Path file, String name) {
    List<ApiKey> keys = new ArrayList<>(keys(file));
    if (!keys.removeIf(key -> key.name().equals(name))) {
      throw new PreambleException("%s: there is no key '%s'".formatted(file, name));
    }
    return keys;
  }

  /**
   * Does {@code change} while nobody else, in this process or another, changes {@code file}:
   * whoever does holds the lock of a hidden file beside it, which stays.
   */
  private static synchronized void alone(Path file, Runnable change) {
    Path real = file.toAbsolutePath();
    Path lock = real.resolveSibling(".%s.lock".formatted(real.getFileName()));
    try {
      Files.createDirectories(lock.getParent());
      try (FileChannel channel =
              FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock _ = channel.lock()) {
        change.run();
      }
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot change the keys in %s: %s".formatted(file, WholeFile.reason(fault)), fault);
    }
  }

  private static List<ApiKey> keys(Path file) {
    try {
      if (Files.size(file) > LARGEST) {
        throw new PreambleException(
            "%s: expected at most %,d bytes, found %,d".formatted(file, LARGEST, Files.size(file)));
      }
      Keys read = YAML.readValue(Files.readAllBytes(file), Keys.class);
      List<ApiKey> keys =
          Optional.ofNullable(read.keys()).orElse(List.of()).stream().map(Entry::key).toList();
      requireDistinct(file, keys);
      return keys;
    } catch (JacksonException malformed) {
      throw new PreambleException(
          "%s: expected YAML with a list 'keys' of name, sha256, role, models and requests-per-minute: %s"
              .formatted(file, reason(malformed)),
          malformed);
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot read the keys in %s: %s".formatted(file, WholeFile.reason(fault)), fault);
    } catch (PreambleException fault) {
      throw fault.getMessage().startsWith(file.toString())
          ? fault
          : new PreambleException(file + ": " + fault.getMessage(), fault);
    }
  }

  private static String reason(JacksonException malformed) {
    String place =
        malformed instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()
            ? mapping.getPath().stream()
                    .map(
                        step ->
                            step.getFieldName() == null
                                ? "" + step.getIndex()
                                : step.getFieldName())
                    .collect(Collectors.joining("."))
                + ": "
            : "";
    return place + ParserMessage.brief(malformed.getOriginalMessage());
  }

  private static void requireDistinct(Path file, List<ApiKey> keys) {
    for (int i = 0; i < keys.size(); i++) {
      for (ApiKey earlier : keys.subList(0, i)) {
        if (earlier.name().equals(keys.get(i).name())
            || earlier.sha256().equals(keys.get(i).sha256())) {
          throw new PreambleException(
              "%s: there is a key '%s' already; each needs its own name and secret"
                  .formatted(file, earlier.name()));
        }
      }
    }
  }

  private static void write(Path file, List<ApiKey> keys) {
    ObjectNode all = JsonNodeFactory.instance.objectNode();
    ArrayNode list = all.putArray("keys");
    for (ApiKey key : keys) {
      ObjectNode entry = list.addObject();
      entry.put("name", key.name()).put("sha256", key.sha256()).put("role", key.role().text());
      if (!key.models().isEmpty()) {
        ArrayNode models = entry.putArray("models");
        key.models().forEach(pattern -> models.add(pattern.text()));
      }
      key.requestsPerMinute().ifPresent(limit -> entry.put("requests-per-minute", limit));
    }
    try {
      WholeFile.write(file, YAML.writeValueAsBytes(all));
    } catch (JacksonException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
