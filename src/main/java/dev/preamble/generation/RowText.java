package dev.preamble.generation;

import dev.preamble.generation.sampling.ChosenToken;
import dev.preamble.generation.sampling.TokenSampler;
import dev.preamble.generation.sampling.Workspace;
import dev.preamble.model.Logits;
import dev.preamble.model.Manifest;
import dev.preamble.model.TextTokenizer;
import java.util.Optional;

/**
 * A row's way from logits to tokens, text and end, the same in every engine: an engine computes
 * logits and hands them over here. Used by the engine's thread.
 */
final class RowText {
  private final Row row;
  private final TokenSampler sampler;
  private final TextStream text;

  /**
   * @param workspace memory that the rows of this thread share
   */
  RowText(Row row, Manifest manifest, Optional<TextTokenizer> tokenizer, Workspace workspace) {
    this.row = row;
    GenerationRequest request = row.request();
    this.text =
        new TextStream(
            tokenizer, request.prompt(), request.stop(), request.sampling().ending().minTokens());
    this.sampler =
        new TokenSampler(
            request.sampling(),
            request.prompt(),
            manifest.specialTokens().eos(),
            request.constraint().map(each -> each.start(text.begins())),
            request.logProbabilities(),
            workspace);
  }

  /**
   * Chooses the row's next token, which its listener is told, and says why it is the last one if it
   * is.
   *
   * @param logits those of row {@code place} are read, and left as they are
   */
  Optional<FinishReason> take(Logits logits, int place) {
    ChosenToken chosen = sampler.next(logits, place);
    boolean end = sampler.ends(chosen.id());
    String piece = end ? "" : text.append(chosen.id());
    Optional<FinishReason> reason =
        end || text.stopped() || sampler.exhausted()
            ? Optional.of(FinishReason.STOP)
            : row.remaining() == 1 ? Optional.of(FinishReason.LENGTH) : Optional.empty();
    row.give(
        new GeneratedToken(
            chosen.id(),
            reason.isPresent() ? piece + text.finish() : piece,
            chosen.logProbability(),
            chosen.alternatives()));
    return reason;
  }
}
