package dev.preamble.generation.structured;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.TokenBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Vocabularies to compile constraints for. */
final class Vocabularies {
  private Vocabularies() {}

  /** The vocabulary of 512 tokens, 256 of them bytes. */
  static TokenBytes stories() {
    return TokenBytes.read(Path.of("test-fixtures/stories260K/tokenizer.json"), 512);
  }

  /** These tokens, numbered from 0 on, and behind them one for each byte. */
  static TokenBytes of(Path folder, List<String> tokens) throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode root = json.createObjectNode();
    root.putObject("decoder").put("type", "ByteFallback");
    ObjectNode vocabulary = root.putObject("model").putObject("vocab");
    for (int id = 0; id < tokens.size(); id++) {
      vocabulary.put(tokens.get(id), id);
    }
    for (int value = 0; value < 256; value++) {
      vocabulary.put("<0x%02X>".formatted(value), tokens.size() + value);
    }
    Path file = folder.resolve("tokenizer.json");
    Files.write(file, json.writeValueAsBytes(root));
    return TokenBytes.read(file, tokens.size() + 256);
  }
}
