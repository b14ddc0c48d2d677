package dev.preamble.server;

import dev.preamble.generation.Stories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The small story model with a chat template. */
final class ChatModel {
  /** Leaves nothing but the text, so that a chat is a completion. */
  private static final String TEMPLATE =
      """
      {%- if messages[0].role != 'user' %}{{ raise_exception('a user begins') }}{% endif -%}
      {{ bos_token }}{% for message in messages %}{{ message.content }}{% endfor %}""";

  private ChatModel() {}

  /** A copy of the model in {@code folder}. */
  static Path in(Path folder) {
    try {
      Files.createDirectories(folder);
      try (Stream<Path> files = Files.list(Stories.SMALL)) {
        for (Path file : (Iterable<Path>) files::iterator) {
          Files.copy(file, folder.resolve(file.getFileName()));
        }
      }
      Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
      return folder;
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }

  /** {@code config} with this model in place of its own. */
  static ServerConfig served(ServerConfig config, Path folder) {
    return ServerConfig.of(in(folder))
        .withAdapters(config.adapters())
        .withAddress(config.address(), config.access())
        .withEngine(config.engine());
  }
}
