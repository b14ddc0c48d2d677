package dev.preamble.peft;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.ParserMessage;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads the files of an adapter directory; {@link AdapterWriter} writes them. */
final class AdapterFiles {
  static final String CONFIG = "adapter_config.json";
  static final String TENSORS = "adapter_model.safetensors";
  static final String TORCH = "adapter_model.bin";
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

  /**
   * Reads configuration and tensors of one and the same adapter, also while another one is saved in
   * its place: that puts another folder under the name, and this reads again.
   */
  static Adapter read(Path given) {
    while (true) {
      Path directory = locate(given);
      List<Object> before = identity(directory);
      try {
        Adapter adapter = readOnce(directory);
        if (before.equals(identity(directory))) {
          return adapter;
        }
      } catch (PreambleException fault) {
        if (before.equals(identity(directory))) {
          throw fault;
        }
      }
    }
  }

  /** Hidden folders are those that a save fills before it puts them in place. */
  private static boolean isNested(Path child) {
    return !child.getFileName().toString().startsWith(".") && Files.exists(child.resolve(CONFIG));
  }

  /** Changes whenever the folder or its configuration is replaced. */
  private static List<Object> identity(Path directory) {
    try {
      List<Object> identity = new ArrayList<>();
      for (Path path : List.of(directory, directory.resolve(CONFIG))) {
        var attributes = Files.readAttributes(path, BasicFileAttributes.class);
        identity.add(Optional.ofNullable(attributes.fileKey()));
        if (attributes.isRegularFile()) {
          identity.add(attributes.lastModifiedTime());
        }
      }
      return identity;
    } catch (IOException fault) {
      throw new PreambleException(
          "cannot read " + directory + ": " + WholeFile.reason(fault), fault);
    }
  }

  private static Adapter readOnce(Path directory) {
    AdapterConfig config = readConfig(directory.resolve(CONFIG));
    if (Files.exists(directory.resolve(TENSORS))) {
      SafetensorsFile file =
          SafetensorsFile.read(directory.resolve(TENSORS), HEADER_CAP, TENSORS_CAP);
      return Adapter.read(
          directory.toString(), config, List.copyOf(file.tensors()), file.metadata(), List.of());
    }
    if (Files.exists(directory.resolve(TORCH))) {
      return Adapter.read(
          directory.toString(),
          config,
          TorchFile.read(directory.resolve(TORCH), TENSORS_CAP),
          Adapter.PYTORCH,
          List.of("read from %s; saving writes %s".formatted(TORCH, TENSORS)));
    }
    throw new PreambleException(
        "%s holds %s, but neither %s nor %s".formatted(directory, CONFIG, TENSORS, TORCH));
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
      nested = children.filter(AdapterFiles::isNested).sorted().toList();
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
                  ParserMessage.brief(fault.getOriginalMessage())),
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
}
