package dev.preamble.generation;

import java.time.Duration;

/**
 * How long a request took.
 *
 * @param waiting from submission until its turn
 * @param firstToken from its turn until its first token, the adapter's prefix included
 * @param total from its turn until its end
 */
public record Timing(Duration waiting, Duration firstToken, Duration total) {}
