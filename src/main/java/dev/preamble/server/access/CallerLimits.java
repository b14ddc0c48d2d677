package dev.preamble.server.access;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * How often each caller may ask and how many of his requests may be under way. A caller who has not
 * asked for a minute may ask {@code requestsPerMinute} times at once, and then as often as that
 * many are spread over a minute.
 *
 * <p>Callers are remembered up to a number; whoever asked longest ago and has nothing under way is
 * forgotten first, which can only let him ask more.
 */
public final class CallerLimits {
  private static final int MOST_CALLERS = 10_000;
  private static final double NANOS_PER_MINUTE = 6e10;

  private static final class Account {
    private double tokens;
    private long at;
    private int underWay;

    Account(double tokens, long at) {
      this.tokens = tokens;
      this.at = at;
    }
  }

  private final int requestsPerMinute;
  private final int requestsAtOnce;
  private final LongSupplier nanoTime;
  private final Map<String, Account> accounts = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * @param requestsPerMinute for callers without a limit of their own; 0 means any number
   * @param requestsAtOnce requests of one caller that may be under way; 0 means any number
   * @param nanoTime the clock
   */
  public CallerLimits(int requestsPerMinute, int requestsAtOnce, LongSupplier nanoTime) {
    this.requestsPerMinute = requestsPerMinute;
    this.requestsAtOnce = requestsAtOnce;
    this.nanoTime = nanoTime;
  }

  /** Why a request is refused, and when to try again. */
  public record Refusal(String reason, Duration retryAfter) {}

  /** Begins a request of {@code caller}, for which {@link #end} is called later, or refuses it. */
  public synchronized Optional<Refusal> begin(Caller caller) {
    long now = nanoTime.getAsLong();
    int rate = caller.requestsPerMinute().orElse(requestsPerMinute);
    Account account = accounts.computeIfAbsent(caller.name(), name -> new Account(rate, now));
    if (requestsAtOnce > 0 && account.underWay >= requestsAtOnce) {
      return Optional.of(
          new Refusal(
              "%,d of your requests are under way, as many as may be at once"
                  .formatted(account.underWay),
              Duration.ofSeconds(1)));
    }
    if (rate > 0) {
      account.tokens =
          Math.min(rate, account.tokens + rate * ((now - account.at) / NANOS_PER_MINUTE));
      account.at = now;
      if (account.tokens < 1) {
        return Optional.of(
            new Refusal(
                "more than the %,d requests a minute allowed".formatted(rate),
                Duration.ofNanos((long) ((1 - account.tokens) / rate * NANOS_PER_MINUTE))));
      }
      account.tokens--;
    }
    account.underWay++;
    forgetSomebody();
    return Optional.empty();
  }

  /** Ends a request that {@link #begin} let pass. */
  public synchronized void end(Caller caller) {
    Account account = accounts.get(caller.name());
    if (account != null) {
      account.underWay--;
    }
  }

  private void forgetSomebody() {
    if (accounts.size() > MOST_CALLERS) {
      var oldestFirst = accounts.values().iterator();
      while (oldestFirst.hasNext()) {
        if (oldestFirst.next().underWay == 0) {
          oldestFirst.remove();
          return;
        }
      }
    }
  }
}
