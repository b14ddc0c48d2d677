package dev.preamble.server;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WatcherTest {
  @Test
  void aLookThatFailsIsFollowedByOthers() throws Exception {
    CountDownLatch looks = new CountDownLatch(3);
    try (ServerLog log = new ServerLog(Optional.empty());
        Watcher watcher =
            Watcher.start(
                Duration.ofMillis(1),
                log,
                () -> {
                  looks.countDown();
                  throw new StackOverflowError("in a reader of files");
                })) {
      assertTrue(looks.await(1, TimeUnit.MINUTES), watcher::toString);
    }
  }
}
