package dev.preamble.cli;

import dev.preamble.PreambleException;
import dev.preamble.generation.RequestException;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/** What a user is told of a fault: a field of a request goes by the option that it was given by. */
final class FaultLine {
  private FaultLine() {}

  /** The line for {@code fault}, which ended {@code command}. */
  static String of(PreambleException fault, CommandLine command) {
    String message = fault.getMessage();
    if (!(fault instanceof RequestException refused)
        || !message.startsWith(refused.field() + ":")) {
      return message;
    }
    ParseResult given = command.getParseResult();
    return options(refused.field())
        .filter(option -> given != null && given.hasMatchedOption(option))
        .findFirst()
        .map(option -> option + message.substring(refused.field().length()))
        .orElse(message);
  }

  /** The options that may have given {@code field}. */
  private static Stream<String> options(String field) {
    return switch (field) {
      case "prompt", "text" -> Stream.of("--prompt", "--text", "--token-ids");
      case "logprobs" -> Stream.of("--alternatives");
      default -> List.of("--" + field.replace('_', '-')).stream();
    };
  }
}
