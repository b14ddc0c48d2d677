package dev.preamble.generation;

import dev.preamble.generation.sampling.LogProbabilities;
import dev.preamble.model.TextTokenizer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The log probabilities of a prompt's tokens, as the logits after each of them come. The first
 * token has none: where its adapter's prefix is kept, no logits before it are computed.
 */
final class PromptScores {
  private final int[] prompt;
  private final int vocabulary;
  private final int alternatives;
  private final List<String> pieces;
  private final List<ScoredToken> tokens = new ArrayList<>();

  /**
   * @param alternatives most probable tokens wanted in each place
   */
  PromptScores(int[] prompt, int vocabulary, Optional<TextTokenizer> tokenizer, int alternatives) {
    this.prompt = prompt;
    this.vocabulary = vocabulary;
    this.alternatives = alternatives;
    this.pieces = TokenPieces.of(prompt, tokenizer);
    tokens.add(new ScoredToken(prompt[0], pieces.getFirst(), OptionalDouble.empty(), List.of()));
  }

  /**
   * Takes the logits after the next {@code count} tokens of the prompt.
   *
   * @param logits float [count, vocabulary]
   */
  void take(MemorySegment logits, int count) {
    for (int i = 0; i < count && tokens.size() < prompt.length; i++) {
      float[] values = new float[vocabulary];
      MemorySegment.copy(
          logits, ValueLayout.JAVA_FLOAT, 4L * i * vocabulary, values, 0, vocabulary);
      LogProbabilities probabilities = new LogProbabilities(values);
      int place = tokens.size();
      tokens.add(
          new ScoredToken(
              prompt[place],
              pieces.get(place),
              OptionalDouble.of(probabilities.of(prompt[place])),
              probabilities.mostProbable(alternatives)));
    }
  }

  List<ScoredToken> tokens() {
    return tokens;
  }
}
