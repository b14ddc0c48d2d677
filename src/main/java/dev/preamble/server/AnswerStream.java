package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.FinishReason;
import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.TokenListener;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Texts that are answered in events: each piece as it comes, a last chunk with the reason for each
 * choice, usage if it is wanted, {@code [DONE]}. What fails on the way is an event too, for the
 * status is sent by then.
 */
final class AnswerStream {
  private final AnswerForm form;
  private final boolean includeUsage;
  private final Exchange exchange;
  private final Outbox outbox;
  private volatile List<Generation> generations = List.of();

  /**
   * @param unread events that may wait for the client
   */
  AnswerStream(AnswerForm form, boolean includeUsage, Exchange exchange, int unread) {
    this.form = form;
    this.includeUsage = includeUsage;
    this.exchange = exchange;
    this.outbox = exchange.reply().stream(unread, this::cancel);
  }

  /** Sends the text of the choice {@code index}. */
  TokenListener listener(int index) {
    return new ChoiceStream(form, index, outbox);
  }

  /** Sends the rest when {@code submitted}, whose tokens come by {@link #listener}, are done. */
  void begin(List<Generation> submitted) {
    generations = submitted;
    exchange.reply().onGone(this::cancel);
    CompletableFuture<?>[] choices = new CompletableFuture<?>[submitted.size()];
    for (int i = 0; i < choices.length; i++) {
      int index = i;
      choices[i] =
          submitted
              .get(i)
              .result()
              .handle(
                  (result, fault) -> {
                    last(index, result, fault);
                    return index;
                  });
    }
    CompletableFuture.allOf(choices).thenRun(this::end);
  }

  private void last(int index, GenerationResult result, Throwable fault) {
    outbox.add(() -> event(end(index, result, fault)));
    outbox.send();
  }

  private JsonNode end(int index, GenerationResult result, Throwable fault) {
    if (fault != null) {
      return exchange.reply().explain(fault).json();
    }
    return result.finishReason() == FinishReason.CANCELLED
        ? exchange.reply().cancelled().json()
        : form.last(index, result);
  }

  private void end() {
    outbox.add(this::farewell);
    outbox.complete();
  }

  /** What comes behind all choices. */
  private Buffer farewell() {
    List<GenerationResult> results =
        generations.stream()
            .filter(generation -> !generation.result().isCompletedExceptionally())
            .map(generation -> generation.result().join())
            .toList();
    JsonNode usage = form.usage(results);
    exchange.record().usage(usage.get("usage"));
    Buffer farewell = Buffer.buffer();
    if (includeUsage) {
      farewell.appendBuffer(event(usage));
    }
    return farewell.appendBuffer(Reply.event("[DONE]"));
  }

  private static Buffer event(JsonNode data) {
    return Reply.event(data.toString());
  }

  private void cancel() {
    generations.forEach(Generation::cancel);
  }
}
