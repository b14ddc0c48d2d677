package dev.preamble.server;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.generation.GeneratedToken;
import dev.preamble.generation.TokenListener;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One choice of an answer in events, an event a token that there is something to say of. Their
 * bytes are made on the event loop; what it takes the tokenizer to say is found out on the engine's
 * thread.
 */
final class ChoiceStream implements TokenListener {
  private static final GeneratedToken ANY =
      new GeneratedToken(0, EventFrame.GAP, OptionalDouble.empty(), List.of());

  private final AnswerForm form;
  private final int index;
  private final Outbox outbox;
  private boolean begun;
  private Optional<EventFrame> frame = Optional.empty();

  ChoiceStream(AnswerForm form, int index, Outbox outbox) {
    this.form = form;
    this.index = index;
    this.outbox = outbox;
  }

  @Override
  public void onToken(GeneratedToken token) {
    if (!begun) {
      begun = true;
      form.first(index).ifPresent(this::add);
    }
    if (form.isScored()) {
      add(form.token(index, token));
    } else if (!token.text().isEmpty()) {
      String text = token.text();
      outbox.add(() -> frame().around(text));
    }
  }

  @Override
  public void onStepEnd() {
    outbox.send();
  }

  /** Used on the event loop alone. */
  private EventFrame frame() {
    if (frame.isEmpty()) {
      frame = Optional.of(EventFrame.of(form.token(index, ANY)));
    }
    return frame.get();
  }

  private void add(JsonNode data) {
    outbox.add(() -> Reply.event(data.toString()));
  }
}
