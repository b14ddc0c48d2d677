package dev.preamble.training.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/**
 * The exponentials of one row of a block of logits after another.
 *
 * <p>What they are relative to need not be the row's highest logit, which it would take a pass more
 * to find: it is the highest of the first strip, until a later one has some so much higher that
 * their exponentials would leave float32.
 */
final class LogitRow {
  /** A strip whose sum is above it is computed again, relative to its own highest logit. */
  private static final float MOST = 1e15f;

  /** A logit of such a strip is above what the row was relative to by more than this. */
  private static final float FAR = 20;

  /** Terms of the sum that are added side by side. */
  private static final int LANES = Strips.LENGTH / 8;

  private final MemorySegment logits;
  private final MemorySegment result;
  private final long width;
  private final Exponentials exponentials = new Exponentials();
  private final float[] strip = new float[Strips.LENGTH];
  private final float[] lanes = new float[LANES];
  private long row;
  private long label;
  private float shift;
  private double others;
  private float labelLogit;
  private float factor;

  /**
   * @param result takes the exponentials; may be the memory of the logits
   * @param width of a row
   */
  LogitRow(MemorySegment logits, MemorySegment result, long width) {
    this.logits = logits;
    this.result = result;
    this.width = width;
  }

  /** What is known of the row that was computed last. */
  LogitState state() {
    return new LogitState(shift, (float) others, labelLogit, factor);
  }

  /**
   * Computes row {@code index}.
   *
   * @param label the column of the row's label; in another block if it is none of this one's
   * @param before what is known of the row from the blocks before
   */
  void raise(long index, long label, Optional<LogitState> before) {
    row = index * width;
    this.label = label;
    factor = 1;
    labelLogit = before.map(LogitState::label).orElse(Float.NaN);
    shift = before.map(LogitState::shift).orElse(Float.NEGATIVE_INFINITY);
    others = before.map(LogitState::others).orElse(0f);
    for (long column = 0; column < width; column += Strips.LENGTH) {
      int count = (int) Math.min(Strips.LENGTH, width - column);
      load(column, count);
      if (shift == Float.NEGATIVE_INFINITY) {
        shift = Math.max(-Float.MAX_VALUE, highest(count));
      }
      leaveOutLabel(column, shift + 2 * Exponentials.LEAST);
      exponentials.of(strip, shift, count);
      float sum = sum(count);
      if (!(sum >= 0 && sum <= MOST)) {
        sum = again(column, count);
      }
      Strips.store(strip, count, result, row + column);
      others += sum;
    }
  }

  /** Loads a strip, in which the label's logit is as low as none. */
  private void load(long column, int count) {
    Strips.load(logits, row + column, strip, count);
    if (label >= column && label < column + count) {
      float logit = strip[(int) (label - column)];
      labelLogit = logit < Float.POSITIVE_INFINITY ? logit : Float.NaN;
    }
    leaveOutLabel(column, Float.NEGATIVE_INFINITY);
  }

  private void leaveOutLabel(long column, float logit) {
    if (label >= column && label < Math.min(column + Strips.LENGTH, width)) {
      strip[(int) (label - column)] = logit;
    }
  }

  /** The sum of a strip that has a logit far above the shift, or one that is infinite or none. */
  private float again(long column, int count) {
    load(column, count);
    float highest = highest(count);
    if (highest > shift + FAR) {
      float smaller = (float) Math.exp((double) shift - highest);
      for (long at = 0; at < column; at += Strips.LENGTH) {
        scale(at, smaller);
      }
      load(column, count);
      others *= smaller;
      factor *= smaller;
      shift = highest;
    }
    float least = shift + 2 * Exponentials.LEAST;
    for (int i = 0; i < count; i++) {
      strip[i] = Math.max(least, strip[i]);
    }
    exponentials.of(strip, shift, count);
    return sum(count);
  }

  private void scale(long column, float smaller) {
    Strips.load(result, row + column, strip, Strips.LENGTH);
    for (int i = 0; i < Strips.LENGTH; i++) {
      strip[i] *= smaller;
    }
    Strips.store(strip, Strips.LENGTH, result, row + column);
  }

  /** The highest logit; none if one is none. */
  private float highest(int count) {
    float highest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      highest = Math.max(highest, strip[i]);
    }
    return highest;
  }

  private float sum(int count) {
    Arrays.fill(strip, count, Strips.LENGTH, 0);
    fold(strip, lanes);
    float even = 0;
    float odd = 0;
    for (int i = 0; i < LANES; i += 2) {
      even += lanes[i];
      odd += lanes[i + 1];
    }
    return even + odd;
  }

  private static void fold(float[] strip, float[] lanes) {
    for (int i = 0; i < LANES; i++) {
      float low = (strip[i] + strip[i + LANES]) + (strip[i + 2 * LANES] + strip[i + 3 * LANES]);
      lanes[i] =
          low
              + ((strip[i + 4 * LANES] + strip[i + 5 * LANES])
                  + (strip[i + 6 * LANES] + strip[i + 7 * LANES]));
    }
  }
}
