package dev.preamble.peft;

import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.WholeFolder;
import dev.preamble.safetensors.SafetensorsFile;
import dev.preamble.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;

/**
 * Writes an adapter so that its folder holds the old adapter or the new one at every moment. An
 * adapter is two files, and only one name changes at a time: when just one of them changes it is
 * replaced alone, which is every save of a training run but the first; an empty folder gets the
 * configuration last, without which there is no adapter; else the whole folder changes place.
 */
final class AdapterWriter {
  private AdapterWriter() {}

  static void write(Adapter adapter, Path directory, ModelCard card) {
    byte[] config = PythonJson.write(adapter.config().toJson()).getBytes(StandardCharsets.US_ASCII);
    Path configFile = directory.resolve(AdapterFiles.CONFIG);
    Path tensorFile = directory.resolve(AdapterFiles.TENSORS);
    WholeFile.Body tensors = SafetensorsWriter.body(adapter.tensors(), adapter.metadata());
    if (!Files.exists(configFile)) {
      WholeFile.write(tensorFile, tensors);
      WholeFile.write(configFile, config);
    } else if (holds(configFile, config)) {
      WholeFile.write(tensorFile, tensors);
    } else if (holdsTensors(tensorFile, adapter)) {
      WholeFile.write(configFile, config);
    } else {
      WholeFolder.replace(
          directory,
          Map.of(AdapterFiles.CONFIG, WholeFile.body(config), AdapterFiles.TENSORS, tensors),
          Set.of(AdapterFiles.TORCH));
    }
    writeCard(directory.resolve(AdapterFiles.README), card);
  }

  /** A card written by someone else stays. */
  private static void writeCard(Path readme, ModelCard card) {
    try {
      if (Files.exists(readme) && !Files.readString(readme).contains(ModelCard.MARK)) {
        return;
      }
    } catch (IOException unreadable) {
      return;
    }
    WholeFile.write(readme, card.text().getBytes(StandardCharsets.UTF_8));
  }

  private static boolean holds(Path file, byte[] content) {
    try {
      return Files.size(file) == content.length && Arrays.equals(Files.readAllBytes(file), content);
    } catch (IOException unreadable) {
      return false;
    }
  }

  private static boolean holdsTensors(Path file, Adapter adapter) {
    if (!Files.exists(file)) {
      return false;
    }
    try (SafetensorsFile old = SafetensorsFile.open(file)) {
      return old.metadata().equals(adapter.metadata())
          && Set.copyOf(old.tensors()).equals(Set.copyOf(adapter.tensors()));
    } catch (PreambleException malformed) {
      return false;
    }
  }
}
