package dev.preamble.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.GeneratedToken;
import dev.preamble.generation.ScoredToken;
import dev.preamble.generation.sampling.Alternative;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Log probabilities in the form of OpenAI's completions: a list for each thing said of the tokens.
 * A prompt's first token has none.
 */
final class CompletionLogprobs {
  private final TokenTexts texts;
  private final ObjectNode json = JsonNodeFactory.instance.objectNode();
  private final ArrayNode tokens = json.putArray("tokens");
  private final ArrayNode values = json.putArray("token_logprobs");
  private final ArrayNode alternatives = json.putArray("top_logprobs");
  private final ArrayNode offsets = json.putArray("text_offset");
  private int offset;

  CompletionLogprobs(TokenTexts texts) {
    this.texts = texts;
  }

  void add(GeneratedToken token) {
    add(token.text(), token.logProbability(), token.alternatives());
  }

  void add(ScoredToken token) {
    add(token.piece(), token.logProbability(), token.alternatives());
  }

  private void add(String text, OptionalDouble value, List<Alternative> others) {
    tokens.add(text);
    offsets.add(offset);
    offset += text.length();
    if (value.isEmpty()) {
      values.addNull();
      alternatives.addNull();
      return;
    }
    values.add(value.getAsDouble());
    ObjectNode most = alternatives.addObject();
    others.forEach(other -> most.put(texts.of(other.id()), other.logProbability()));
  }

  ObjectNode json() {
    return json;
  }
}
