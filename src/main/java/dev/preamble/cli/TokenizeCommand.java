package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.Manifest;
import dev.preamble.model.ModelException;
import dev.preamble.model.TextTokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.StringJoiner;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tokenize}: the tokens that a text is for a model. */
@Command(
    name = "tokenize",
    mixinStandardHelpOptions = true,
    description = "Shows the tokens that a text is for a model: ids and their share of the text.")
final class TokenizeCommand implements Runnable {
  @Mixin private OutputOptions output;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Folder of the exported model.")
  private Path folder;

  @Option(
      names = "--no-special-tokens",
      description = "Leave out what the tokenizer puts around a text, such as BOS.")
  private boolean plain;

  @Parameters(paramLabel = "TEXT", description = "The text.")
  private String text;

  @Override
  public void run() {
    Path file =
        folder.resolve(
            Manifest.read(folder)
                .tokenizer()
                .orElseThrow(
                    () -> new ModelException(folder + ": the model has no tokenizer.json")));
    try (TextTokenizer tokenizer = TextTokenizer.open(file)) {
      int[] tokens = tokenizer.encode(text, !plain);
      List<String> pieces = tokenizer.pieces(tokens);
      output.print(json(tokens, pieces), () -> text(tokens, pieces));
    }
  }

  private static ObjectNode json(int[] tokens, List<String> pieces) {
    ObjectNode report = JsonNodeFactory.instance.objectNode().put("count", tokens.length);
    ArrayNode each = report.putArray("tokens");
    for (int i = 0; i < tokens.length; i++) {
      each.addObject().put("id", tokens[i]).put("piece", pieces.get(i));
    }
    return report;
  }

  /** A line a token, then all ids as {@code --token-ids} takes them. */
  private static String text(int[] tokens, List<String> pieces) {
    StringJoiner lines = new StringJoiner(System.lineSeparator());
    StringJoiner ids = new StringJoiner(",");
    for (int i = 0; i < tokens.length; i++) {
      lines.add("%8d  %s".formatted(tokens[i], Pieces.visible(pieces.get(i))));
      ids.add(Integer.toString(tokens[i]));
    }
    return lines
        .add("%d %s: %s".formatted(tokens.length, tokens.length == 1 ? "token" : "tokens", ids))
        .toString();
  }
}
