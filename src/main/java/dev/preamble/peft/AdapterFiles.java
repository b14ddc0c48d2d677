package dev.preamble.peft;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.safetensors.SafetensorsFile;
import dev.preamble.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files of an adapter directory. */
final class AdapterFiles {
  static final String CONFIG = "adapter_config.json";
  static final String TENSORS = "adapter_model.safetensors";
  static final String README = "README.md";

  /** Largest configuration read, in bytes. */
  private static final int CONFIG_CAP = 4 << 20;

  /** Longest tensor header read, in bytes: far more than the few tensors of an adapter need. */
  private static final int HEADER_CAP = 1 << 20;

  /** Largest tensor file read, in bytes: an adapter with trained modules of a large model. */
  private static final long TENSORS_CAP = 8L << 30;

  private static final ObjectMapper JSON =
      new ObjectMapper(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(64)
                          .maxStringLength(CONFIG_CAP)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private AdapterFiles() {}

  static Adapter read(Path given) {
    Path directory = locate(given);
    AdapterConfig config = readConfig(directory.resolve(CONFIG));
    Path tensors = directory.resolve(TENSORS);
    if (!Files.exists(tensors)) {
      throw new PreambleException(
          "%s holds %s but no %s; expected both".formatted(directory, CONFIG, TENSORS));
    }
    SafetensorsFile file = SafetensorsFile.read(tensors, HEADER_CAP, TENSORS_CAP);
    return Adapter.read(
        directory.toString(), config, List.copyOf(file.tensors()), file.metadata(), List.of());
  }

  static void write(Adapter adapter, Path directory, ModelCard card) {
    Path readme = directory.resolve(README);
    if (!Files.exists(readme) || writtenHere(readme)) {
      WholeFile.write(readme, card.text().getBytes(StandardCharsets.UTF_8));
    }
    SafetensorsWriter.write(directory.resolve(TENSORS), adapter.tensors(), adapter.metadata());
    WholeFile.write(
        directory.resolve(CONFIG),
        PythonJson.write(adapter.config().toJson()).getBytes(StandardCharsets.US_ASCII));
  }

  /** The directory that holds the configuration: {@code given} or its only child that has one. */
  private static Path locate(Path given) {
    if (!Files.isDirectory(given)) {
      throw new PreambleException(
          Files.exists(given)
              ? given + " is a file; the folder of an adapter was expected"
              : "there is no folder " + given);
    }
    if (Files.exists(given.resolve(CONFIG))) {
      return given;
    }
    List<Path> nested;
    try (Stream<Path> children = Files.list(given)) {
      nested = children.filter(child -> Files.exists(child.resolve(CONFIG))).sorted().toList();
    } catch (IOException fault) {
      throw new PreambleException("cannot list " + given + ": " + WholeFile.reason(fault), fault);
    }
    if (nested.isEmpty()) {
      throw new PreambleException(
          "%s holds no %s, so it is no adapter folder".formatted(given, CONFIG));
    }
    if (nested.size() > 1) {
      throw new PreambleException(
          "%s holds several adapters: %s; name one of these folders"
              .formatted(given, nested.stream().map(Path::getFileName).toList()));
    }
    return nested.getFirst();
  }

  private static AdapterConfig readConfig(Path path) {
    String text = utf8(path);
    if (text.startsWith("version https://git-lfs")) {
      throw new PreambleException(
          path
              + " is a Git LFS pointer, not the file itself; run `git lfs pull` in its repository");
    }
    if (text.startsWith("\uFEFF")) {
      throw new PreambleException(
          path + " begins with a byte order mark, which PEFT refuses; save it without one");
    }
    try {
      JsonNode json = JSON.readTree(text);
      if (!(json instanceof ObjectNode object)) {
        throw new PreambleException(path + ": expected a JSON object");
      }
      return AdapterConfig.read(path.toString(), object);
    } catch (JsonProcessingException fault) {
      throw new PreambleException(
          "%s is not valid JSON (line %d, column %d): %s"
              .formatted(
                  path,
                  fault.getLocation() == null ? 0 : fault.getLocation().getLineNr(),
                  fault.getLocation() == null ? 0 : fault.getLocation().getColumnNr(),
                  fault.getOriginalMessage()),
          fault);
    }
  }

  private static String utf8(Path path) {
    try {
      long size = Files.size(path);
      if (size > CONFIG_CAP) {
        throw new PreambleException(
            "%s has %,d bytes, more than the %,d allowed".formatted(path, size, CONFIG_CAP));
      }
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(Files.readAllBytes(path)))
          .toString();
    } catch (CharacterCodingException malformed) {
      throw new PreambleException(path + " is not valid UTF-8", malformed);
    } catch (IOException fault) {
      throw new PreambleException("cannot read " + path + ": " + WholeFile.reason(fault), fault);
    }
  }

  private static boolean writtenHere(Path readme) {
    try {
      return Files.readString(readme).contains(ModelCard.MARK);
    } catch (IOException unreadable) {
      return false;
    }
  }
}
