package dev.preamble.model;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.preamble.ParserMessage;
import dev.preamble.WholeFile;
import dev.preamble.model.chat.ChatTemplate;
import dev.preamble.model.chat.Conversation;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The chat templates that stand in a model's folder, found and chosen as transformers does: {@code
 * chat_template.jinja} with {@code additional_chat_templates}, else {@code chat_template} of {@code
 * tokenizer_config.json}, one text or several with names. Each is parsed when it is first asked
 * for.
 */
final class ChatTemplateFiles {
  private static final String CONFIG = "tokenizer_config.json";
  private static final String DEFAULT = "default";
  private static final String TOOLS = "tool_use";
  private static final long LARGEST_FILE = 64L << 20;
  private static final List<String> SPECIAL_TOKENS =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final Map<String, String> sources;
  private final Map<String, String> specialTokens;
  private final Map<String, ChatTemplate> parsed = new ConcurrentHashMap<>();

  private ChatTemplateFiles(
      Path folder, Map<String, String> sources, Map<String, String> specialTokens) {
    this.folder = folder;
    this.sources = sources;
    this.specialTokens = specialTokens;
  }

  /**
   * Finds the templates in {@code folder}, possibly none.
   *
   * @throws ModelException if a file cannot be read
   */
  static ChatTemplateFiles read(Path folder) {
    JsonNode config = json(folder.resolve(CONFIG));
    Map<String, String> sources = ownFiles(folder);
    if (sources.isEmpty()) {
      sources = fromConfig(folder.resolve(CONFIG), config.path("chat_template"));
    }
    Map<String, String> tokens = new LinkedHashMap<>();
    JsonNode older = json(folder.resolve("special_tokens_map.json"));
    for (String name : SPECIAL_TOKENS) {
      JsonNode token = config.has(name) ? config.get(name) : older.path(name);
      Optional.ofNullable(token.isObject() ? token.path("content").textValue() : token.textValue())
          .ifPresent(text -> tokens.put(name, text));
    }
    return new ChatTemplateFiles(folder, sources, tokens);
  }

  /** Whether there are none. */
  boolean isEmpty() {
    return sources.isEmpty();
  }

  /** The template for a conversation, with tools or without. */
  ChatTemplate choose(Conversation conversation) {
    return template(
        conversation.tools().isPresent() && sources.containsKey(TOOLS) ? TOOLS : DEFAULT);
  }

  /** The template that is used where nothing asks for another. */
  ChatTemplate standard() {
    return template(DEFAULT);
  }

  private ChatTemplate template(String name) {
    String source = sources.get(name);
    if (source == null) {
      throw new ModelException(
          sources.isEmpty()
              ? folder
                  + ": the model has no chat template (no chat_template.jinja, no chat_template in "
                  + CONFIG
                  + "); give the text itself, or put the template of the model's family there"
              : "%s: expected a chat template named %s, found %s"
                  .formatted(folder, name, sources.keySet()));
    }
    return parsed.computeIfAbsent(
        name,
        key ->
            ChatTemplate.parse(
                "%s: chat template%s".formatted(folder, key.equals(DEFAULT) ? "" : " " + key),
                source,
                specialTokens));
  }

  private static Map<String, String> ownFiles(Path folder) {
    Map<String, String> sources = new LinkedHashMap<>();
    Path standard = folder.resolve("chat_template.jinja");
    if (Files.isRegularFile(standard)) {
      sources.put(DEFAULT, text(standard));
    }
    Path others = folder.resolve("additional_chat_templates");
    if (Files.isDirectory(others)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(others, "*.jinja")) {
        for (Path file : files) {
          String name = file.getFileName().toString();
          sources.put(name.substring(0, name.length() - ".jinja".length()), text(file));
        }
      } catch (IOException fault) {
        throw new ModelException(others + ": cannot be read: " + WholeFile.reason(fault), fault);
      }
    }
    return sources;
  }

  private static Map<String, String> fromConfig(Path file, JsonNode templates) {
    Map<String, String> sources = new LinkedHashMap<>();
    if (templates.isTextual()) {
      sources.put(DEFAULT, templates.textValue());
    } else if (templates.isArray()) {
      for (JsonNode entry : templates) {
        if (!entry.path("name").isTextual() || !entry.path("template").isTextual()) {
          throw new ModelException(
              file + ": chat_template: expected entries with name and template, found " + entry);
        }
        sources.put(entry.get("name").textValue(), entry.get("template").textValue());
      }
    } else if (!templates.isMissingNode() && !templates.isNull()) {
      throw new ModelException(
          "%s: chat_template: expected a text or a list, found %s"
              .formatted(file, templates.getNodeType()));
    }
    return sources;
  }

  private static JsonNode json(Path file) {
    if (!Files.isRegularFile(file)) {
      return JsonNodeFactory.instance.objectNode();
    }
    try {
      return JSON.readTree(text(file));
    } catch (JacksonException fault) {
      throw new ModelException(
          file + ": expected JSON: " + ParserMessage.brief(fault.getOriginalMessage()), fault);
    }
  }

  private static String text(Path file) {
    try {
      if (Files.size(file) > LARGEST_FILE) {
        throw new ModelException(
            "%s: expected at most %,d bytes, found %,d"
                .formatted(file, LARGEST_FILE, Files.size(file)));
      }
      return Files.readString(file);
    } catch (IOException fault) {
      throw new ModelException(
          file + ": cannot be read as UTF-8 text: " + WholeFile.reason(fault), fault);
    }
  }
}
