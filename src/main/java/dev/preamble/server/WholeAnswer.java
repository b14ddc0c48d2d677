package dev.preamble.server;

import dev.preamble.generation.FinishReason;
import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationResult;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A completion that is answered at once when all its generations are done. */
record WholeAnswer(CompletionJson json, Reply reply) {
  void begin(List<Generation> generations) {
    CompletableFuture.allOf(
            generations.stream().map(Generation::result).toArray(CompletableFuture[]::new))
        .whenComplete(
            (done, fault) -> reply.context().runOnContext(turn -> answer(generations, fault)));
  }

  private void answer(List<Generation> generations, Throwable fault) {
    if (fault != null) {
      reply.fail(fault);
      return;
    }
    List<GenerationResult> results =
        generations.stream().map(generation -> generation.result().join()).toList();
    if (results.stream().anyMatch(result -> result.finishReason() == FinishReason.CANCELLED)) {
      reply.fail(Reply.cancelled());
    } else {
      reply.json(200, json.whole(results));
    }
  }
}
