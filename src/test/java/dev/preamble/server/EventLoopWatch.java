package dev.preamble.server;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Looks at the stacks of Vert.x's event loops, and listens to its own watch over them. */
final class EventLoopWatch implements AutoCloseable {
  private static final String EVENT_LOOP = "vert.x-eventloop-thread";

  /** Looks after which it is seen whether there are more event loops. */
  private static final int SEARCH = 20;

  private static final Set<Thread.State> WAITING =
      Set.of(Thread.State.WAITING, Thread.State.TIMED_WAITING);

  /** What computes, opens adapters or writes folders. */
  private static final List<String> ELSEWHERE =
      List.of(
          "dev.preamble.runtime.",
          "dev.preamble.safetensors.",
          "dev.preamble.peft.",
          "dev.preamble.WholeFolder",
          "dev.preamble.model.Tokenizer");

  private final Logger checker = Logger.getLogger("io.vertx.core.impl.BlockedThreadChecker");
  private final List<String> found = new CopyOnWriteArrayList<>();
  private final CountDownLatch end = new CountDownLatch(1);
  private final Thread thread = new Thread(this::run, "event-loop-watch");
  private final Map<Thread, List<StackTraceElement>> waited = new HashMap<>();
  private volatile int looks;

  private final Handler listener =
      new Handler() {
        @Override
        public void publish(LogRecord warning) {
          if (warning.getMessage().contains(EVENT_LOOP)) {
            found.add(warning.getMessage());
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private EventLoopWatch() {}

  static EventLoopWatch start() {
    EventLoopWatch watch = new EventLoopWatch();
    watch.checker.addHandler(watch.listener);
    watch.thread.start();
    return watch;
  }

  private void run() {
    List<Thread> loops = List.of();
    try {
      for (int turn = 0; !end.await(5, TimeUnit.MILLISECONDS); turn++) {
        if (turn % SEARCH == 0) {
          loops = loops();
        }
        loops.forEach(each -> look(each, Arrays.asList(each.getStackTrace())));
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static List<Thread> loops() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(each -> each.getName().startsWith(EVENT_LOOP))
        .toList();
  }

  private void look(Thread loop, List<StackTraceElement> stack) {
    looks++;
    boolean waits = WAITING.contains(loop.getState());
    boolean still = waits && stack.equals(waited.get(loop));
    if (still || stack.stream().map(StackTraceElement::getClassName).anyMatch(this::isElsewhere)) {
      found.add(loop.getName() + " " + loop.getState() + " " + stack);
    }
    waited.put(loop, waits ? new ArrayList<>(stack) : List.of());
  }

  private boolean isElsewhere(String type) {
    return ELSEWHERE.stream().anyMatch(type::startsWith);
  }

  /** How often an event loop was looked at. */
  int looks() {
    return looks;
  }

  /** What event loops did that they must not do. */
  List<String> found() {
    return List.copyOf(found);
  }

  @Override
  public void close() {
    end.countDown();
    try {
      thread.join();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    checker.removeHandler(listener);
  }
}
