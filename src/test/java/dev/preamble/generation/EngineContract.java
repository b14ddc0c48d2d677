package dev.preamble.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.PreambleException;
import dev.preamble.model.FrozenModel;
import dev.preamble.peft.Adapter;
import dev.preamble.runtime.OpenHandles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What every engine promises a request: its end, its failure and its cancellation are its own. Each
 * engine has a class of tests that extends this one.
 */
abstract class EngineContract {
  static final EngineOptions OPTIONS = EngineOptions.defaults().withThreads(1);

  private final int handles = OpenHandles.count();
  final FrozenModel model = FrozenModel.open(Stories.SMALL);
  private final Engine engine = open(model, OPTIONS.withQueue(2));
  private final CountDownLatch goOn = new CountDownLatch(1);

  @TempDir Path folder;

  /** The engine that is tested. */
  abstract Engine open(FrozenModel model, EngineOptions options);

  @AfterEach
  void close() {
    goOn.countDown();
    engine.submit(story(1)).await();
    EngineInvariants.check(engine, OPTIONS.withQueue(2));
    engine.close();
    model.close();
    assertEquals(handles, OpenHandles.count(), "native objects left");
  }

  @Test
  void theTextsOfTheTokensJoinedAreTheText() {
    StringBuilder streamed = new StringBuilder();
    GenerationResult result =
        engine.submit(story(30), token -> streamed.append(token.text())).await();
    assertEquals(result.text(), streamed.toString());
    assertEquals(FinishReason.LENGTH, result.finishReason());
    int[] prompt = story(30).prompt();
    int[] all = new int[prompt.length + 30];
    System.arraycopy(prompt, 0, all, 0, prompt.length);
    System.arraycopy(result.ids(), 0, all, prompt.length, 30);
    assertEquals("Once upon a time" + result.text(), model.tokenizer().decode(all));
    assertEquals(new Usage(prompt.length, 0, 30), result.usage());
  }

  @Test
  void aStopTextEndsTheTextRightBeforeIt() {
    String whole = engine.submit(story(30)).await().text();
    String stop = whole.substring(11, 15);
    GenerationResult result = engine.submit(story(30).withStop(List.of("no", stop))).await();
    assertEquals(FinishReason.STOP, result.finishReason());
    assertEquals(whole.substring(0, whole.indexOf(stop)), result.text());
    assertTrue(result.tokens().size() < 30);
  }

  @Test
  void anEndOfSequenceTokenEndsTheTextAndIsCounted() throws Exception {
    int[] usual = engine.submit(story(10)).await().ids();
    int end = usual[5];
    Path changed =
        Stories.changedManifest(
            folder.resolve("model"), "\"eos\": [ 2 ]", "\"eos\": [ " + end + " ]");
    try (FrozenModel other = FrozenModel.open(changed);
        Engine ending = open(other, OPTIONS)) {
      GenerationResult result = ending.submit(story(10)).await();
      assertEquals(FinishReason.STOP, result.finishReason());
      int[] ids = result.ids();
      assertEquals(end, ids[ids.length - 1]);
      assertArrayEquals(Arrays.copyOf(usual, ids.length), ids);
      assertEquals(ids.length, result.usage().completionTokens());
      assertEquals("", result.tokens().getLast().text());
    }
  }

  @Test
  void aRunningRequestIsCancelledAfterItsToken() throws Exception {
    List<GeneratedToken> seen = new ArrayList<>();
    CountDownLatch first = new CountDownLatch(1);
    Generation generation = engine.submit(story(100), token -> seen.add(wait(token, first)));
    first.await();
    assertEquals(1, engine.status().running());
    generation.cancel();
    goOn.countDown();
    GenerationResult result = generation.await();
    assertEquals(FinishReason.CANCELLED, result.finishReason());
    assertEquals(seen, result.tokens());
    assertEquals(1, seen.size());
  }

  @Test
  void aWaitingRequestIsCancelledAtOnceAndLeavesItsPlace() throws Exception {
    Generation running = blocked();
    Generation waiting = engine.submit(story(5));
    engine.submit(story(5));
    assertThrows(EngineBusyException.class, () -> engine.submit(story(5)));
    waiting.cancel();
    assertEquals(FinishReason.CANCELLED, waiting.await().finishReason());
    assertFalse(running.result().isDone());
    Generation last = engine.submit(story(5));
    goOn.countDown();
    assertEquals(5, last.await().tokens().size());
  }

  @Test
  void aFailingListenerFailsItsOwnRequestOnly() {
    Generation failing =
        engine.submit(
            story(5),
            token -> {
              throw new IllegalStateException("a listener's own fault");
            });
    Generation next = engine.submit(story(5));
    assertThrows(IllegalStateException.class, failing::await);
    assertEquals(5, next.await().tokens().size());
  }

  @Test
  void eachTokenButTheLastIsFollowedByItsStepsEnd() {
    StringBuilder seen = new StringBuilder();
    engine
        .submit(story(5), listener(token -> seen.append("token "), () -> seen.append("end ")))
        .await();
    assertEquals("token end token end token end token end token ", seen.toString());
  }

  @Test
  void aListenerThatFailsAtAStepsEndFailsItsOwnRequestOnly() {
    AtomicInteger ends = new AtomicInteger();
    Generation failing =
        engine.submit(
            story(5),
            listener(
                token -> {},
                () -> {
                  if (ends.incrementAndGet() == 3) {
                    throw new IllegalStateException("a listener's own fault");
                  }
                }));
    Generation next = engine.submit(story(5));
    assertThrows(IllegalStateException.class, failing::await);
    assertEquals(3, ends.get());
    assertEquals(5, next.await().tokens().size());
  }

  private static TokenListener listener(Consumer<GeneratedToken> onToken, Runnable onStepEnd) {
    return new TokenListener() {
      @Override
      public void onToken(GeneratedToken token) {
        onToken.accept(token);
      }

      @Override
      public void onStepEnd() {
        onStepEnd.run();
      }
    };
  }

  @Test
  void closingFinishesWhatWasAcceptedAndAcceptsNoMore() throws Exception {
    Engine closing = open(model, OPTIONS);
    List<Generation> accepted = List.of(closing.submit(story(5)), closing.submit(story(5)));
    closing.close();
    accepted.forEach(each -> assertEquals(5, each.result().join().tokens().size()));
    assertThrows(EngineBusyException.class, () -> closing.submit(story(5)));
  }

  @Test
  void anAdapterOfAnotherWidthIsRefusedWithBothWidths() {
    Adapter other = Adapter.open(Path.of("test-fixtures/adapters/prompt-llama"));
    PreambleException refused =
        assertThrows(PreambleException.class, () -> FittedAdapter.fit(other, model));
    assertTrue(
        refused.getMessage().contains("32") && refused.getMessage().contains("64"),
        refused.getMessage());
  }

  @Test
  void anAdapterFittedToAnotherModelIsRefused() {
    try (FrozenModel large = FrozenModel.open(Stories.LARGE)) {
      FittedAdapter fitted = Stories.fitted(large, 4, 1);
      RequestException refused =
          assertThrows(RequestException.class, () -> engine.submit(story(5).withAdapter(fitted)));
      assertEquals("model", refused.field());
    }
  }

  @Test
  void anAdapterThatFillsTheContextIsRefused() {
    PreambleException refused =
        assertThrows(PreambleException.class, () -> Stories.fitted(model, 512, 1));
    assertTrue(refused.getMessage().contains("512"), refused.getMessage());
  }

  @Test
  void aContextThatIsFullToTheLastPositionRuns() {
    FittedAdapter adapter = Stories.fitted(model, 470, 1);
    int room = 512 - 470 - story(1).prompt().length;
    GenerationRequest fits = story(room).withAdapter(adapter);
    assertEquals(room, engine.submit(fits).await().tokens().size());
    RequestException refused =
        assertThrows(RequestException.class, () -> engine.submit(fits.withMaxTokens(room + 1)));
    assertEquals("max_tokens", refused.field());
    for (String part : List.of("512 positions", "470 virtual", "at most " + room)) {
      assertTrue(refused.getMessage().contains(part), refused.getMessage());
    }
  }

  @Test
  void tokensThatTheModelDoesNotHaveAreRefused() {
    for (int token : new int[] {-1, 512}) {
      RequestException refused =
          assertThrows(RequestException.class, () -> engine.submit(GenerationRequest.of(1, token)));
      assertEquals("prompt", refused.field());
    }
    assertThrows(RequestException.class, () -> GenerationRequest.of());
    assertThrows(RequestException.class, () -> GenerationRequest.of(1).withMaxTokens(0));
    assertThrows(RequestException.class, () -> GenerationRequest.of(1).withStop(List.of("")));
  }

  GenerationRequest story(int tokens) {
    return GenerationRequest.of(Stories.tokens(model, "Once upon a time")).withMaxTokens(tokens);
  }

  /** A request that runs and stands still at its first token until {@link #goOn}. */
  private Generation blocked() throws InterruptedException {
    CountDownLatch first = new CountDownLatch(1);
    Generation generation = engine.submit(story(5), token -> wait(token, first));
    first.await();
    return generation;
  }

  private GeneratedToken wait(GeneratedToken token, CountDownLatch first) {
    first.countDown();
    try {
      goOn.await();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return token;
  }
}
