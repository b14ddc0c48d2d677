package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.FinishReason;
import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.TokenListener;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

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

  AnswerStream(
      AnswerForm form, boolean includeUsage, Exchange exchange, ServerConfig.Limits limits) {
    this.form = form;
    this.includeUsage = includeUsage;
    this.exchange = exchange;
    this.outbox = exchange.reply().stream(limits.unreadChunks(), this::cancel);
  }

  /** Sends the text of the choice {@code index}. */
  TokenListener listener(int index) {
    AtomicBoolean begun = new AtomicBoolean();
    return token -> {
      if (!begun.getAndSet(true)) {
        form.first(index).ifPresent(this::send);
      }
      form.token(index, token).ifPresent(this::send);
    };
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
    if (fault != null) {
      send(exchange.reply().explain(fault).json());
    } else if (result.finishReason() == FinishReason.CANCELLED) {
      send(exchange.reply().cancelled().json());
    } else {
      send(form.last(index, result));
    }
  }

  private void end() {
    List<GenerationResult> results =
        generations.stream()
            .filter(generation -> !generation.result().isCompletedExceptionally())
            .map(generation -> generation.result().join())
            .toList();
    JsonNode usage = form.usage(results);
    exchange.record().usage(usage.get("usage"));
    if (includeUsage) {
      send(usage);
    }
    outbox.add(Reply.event("[DONE]"));
    outbox.complete();
  }

  private void send(JsonNode data) {
    outbox.add(Reply.event(data.toString()));
  }

  private void cancel() {
    generations.forEach(Generation::cancel);
  }
}
