package dev.preamble.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.generation.FinishReason;
import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationResult;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Texts that are answered at once when all of them are done. */
record WholeAnswer(AnswerForm form, Exchange exchange) {
  void begin(List<Generation> generations) {
    exchange.reply().onGone(() -> generations.forEach(Generation::cancel));
    CompletableFuture.allOf(
            generations.stream().map(Generation::result).toArray(CompletableFuture[]::new))
        .whenComplete(
            (done, fault) ->
                exchange.reply().context().runOnContext(turn -> answer(generations, fault)));
  }

  private void answer(List<Generation> generations, Throwable fault) {
    if (fault != null) {
      exchange.reply().fail(fault);
      return;
    }
    List<GenerationResult> results =
        generations.stream().map(generation -> generation.result().join()).toList();
    if (results.stream().anyMatch(result -> result.finishReason() == FinishReason.CANCELLED)) {
      exchange.reply().fail(exchange.reply().cancelled());
    } else {
      ObjectNode answer = form.whole(results);
      exchange.record().usage(answer.get("usage"));
      exchange.reply().json(200, answer);
    }
  }
}
