package dev.preamble.server;

import dev.preamble.generation.FinishReason;
import dev.preamble.generation.Generation;
import dev.preamble.generation.GenerationResult;
import dev.preamble.generation.TokenListener;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A completion that is answered in events: each piece of text as it comes, a last chunk with the
 * reason for each choice, usage if it is wanted, {@code [DONE]}. What fails on the way is an event
 * too, for the status is sent by then.
 */
final class CompletionStream {
  private final CompletionJson json;
  private final boolean includeUsage;
  private final Reply reply;
  private final Outbox outbox;
  private volatile List<Generation> generations = List.of();

  CompletionStream(
      CompletionJson json, boolean includeUsage, Reply reply, ServerConfig.Limits limits) {
    this.json = json;
    this.includeUsage = includeUsage;
    this.reply = reply;
    this.outbox = reply.stream(limits.unreadChunks(), this::cancel);
  }

  /** Sends the text of the choice {@code index}. */
  TokenListener listener(int index) {
    return token -> {
      if (!token.text().isEmpty()) {
        send(json.chunk(index, token.text(), Optional.empty()).toString());
      }
    };
  }

  /** Sends the rest when {@code submitted}, whose tokens come by {@link #listener}, are done. */
  void begin(List<Generation> submitted) {
    generations = submitted;
    reply.onGone(this::cancel);
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
      send(Reply.error(fault).json().toString());
    } else if (result.finishReason() == FinishReason.CANCELLED) {
      send(Reply.cancelled().json().toString());
    } else {
      send(json.chunk(index, "", Optional.of(result.finishReason())).toString());
    }
  }

  private void end() {
    List<GenerationResult> results =
        generations.stream()
            .filter(generation -> !generation.result().isCompletedExceptionally())
            .map(generation -> generation.result().join())
            .toList();
    if (includeUsage) {
      send(json.usageChunk(results).toString());
    }
    send("[DONE]");
    outbox.complete();
  }

  private void send(String data) {
    outbox.add(Reply.event(data));
  }

  private void cancel() {
    generations.forEach(Generation::cancel);
  }
}
