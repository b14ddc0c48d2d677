package dev.preamble.server.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** How often and how many at once, by a clock of our own. */
class CallerLimitsTest {
  private final AtomicLong now = new AtomicLong();
  private final Caller alice = Caller.unnamed("alice");
  private final Caller bob = Caller.unnamed("bob");

  @Test
  void requestsComeAtTheRateAllowedAndEachCallerHasHisOwn() {
    CallerLimits limits = new CallerLimits(60, 0, now::get);
    for (int i = 0; i < 60; i++) {
      assertTrue(limits.begin(alice).isEmpty());
    }
    CallerLimits.Refusal refusal = limits.begin(alice).orElseThrow();
    assertEquals(1.0, refusal.retryAfter().toMillis() / 1e3, 0.01);
    assertTrue(limits.begin(bob).isEmpty());
    now.addAndGet(Duration.ofMillis(999).toNanos());
    assertFalse(limits.begin(alice).isEmpty());
    now.addAndGet(Duration.ofMillis(2).toNanos());
    assertTrue(limits.begin(alice).isEmpty());
    assertFalse(limits.begin(alice).isEmpty());
    now.addAndGet(Duration.ofHours(1).toNanos());
    for (int i = 0; i < 60; i++) {
      assertTrue(limits.begin(alice).isEmpty(), "no more than a minute's worth is saved up");
    }
    assertFalse(limits.begin(alice).isEmpty());
  }

  @Test
  void aKeysOwnLimitGoesFirst() {
    CallerLimits limits = new CallerLimits(60, 0, now::get);
    Caller few = new Caller("few", Role.INFER, List.of(), OptionalInt.of(1));
    assertTrue(limits.begin(few).isEmpty());
    CallerLimits.Refusal refusal = limits.begin(few).orElseThrow();
    assertEquals(60, refusal.retryAfter().toSeconds());
    assertTrue(refusal.reason().contains("1 requests a minute"), refusal.reason());
  }

  @Test
  void onlySoManyAreUnderWayAtOnce() {
    CallerLimits limits = new CallerLimits(0, 2, now::get);
    assertTrue(limits.begin(alice).isEmpty() && limits.begin(alice).isEmpty());
    assertFalse(limits.begin(alice).isEmpty());
    assertTrue(limits.begin(bob).isEmpty());
    limits.end(alice);
    assertTrue(limits.begin(alice).isEmpty());
    assertFalse(limits.begin(alice).isEmpty());
  }

  @Test
  void callersAreForgottenButNotThoseWithRequestsUnderWay() {
    CallerLimits limits = new CallerLimits(0, 1, now::get);
    assertTrue(limits.begin(alice).isEmpty());
    for (int i = 0; i < 30_000; i++) {
      Caller other = Caller.unnamed("other " + i);
      assertTrue(limits.begin(other).isEmpty());
      limits.end(other);
    }
    assertFalse(limits.begin(alice).isEmpty(), "still remembered");
  }
}
