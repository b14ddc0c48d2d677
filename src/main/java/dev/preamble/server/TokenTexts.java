package dev.preamble.server;

import dev.preamble.model.FrozenModel;
import dev.preamble.model.TextTokenizer;
import java.util.Optional;

/**
 * The text of a single token, with the space that it begins with, which a tokenizer drops from a
 * token that stands alone.
 */
final class TokenTexts {
  private record Context(TextTokenizer tokenizer, int before, String text) {
    static Context of(TextTokenizer tokenizer) {
      int[] letter = tokenizer.encode("a", false);
      int last = letter[letter.length - 1];
      return new Context(tokenizer, last, tokenizer.decode(false, last));
    }
  }

  private final Optional<Context> context;

  TokenTexts(FrozenModel model) {
    this.context = model.manifest().tokenizer().map(file -> Context.of(model.tokenizer()));
  }

  /** The text of {@code token}; empty where the model has no tokenizer. */
  String of(int token) {
    if (context.isEmpty()) {
      return "";
    }
    Context known = context.get();
    String both = known.tokenizer().decode(false, known.before(), token);
    return both.startsWith(known.text())
        ? both.substring(known.text().length())
        : known.tokenizer().decode(false, token);
  }
}
