package dev.preamble.generation.sampling;

import dev.preamble.PreambleException;
import dev.preamble.model.Logits;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Chooses the tokens of one row, in the order of steps that the package states. What it draws
 * depends on its seed and on the logits that it is given, never on other rows. Used by one thread.
 */
public final class TokenSampler {
  private static final SplittableRandom UNSEEDED = new SplittableRandom();

  private final Sampling sampling;
  private final OptionalInt alternatives;
  private final Workspace space;
  private final Optional<Constraint.State> constraint;
  private final Set<Integer> ends;
  private final History history;
  private final Draw draw;
  private final SplittableRandom random;
  private int chosen;

  /**
   * @param sampling how to choose
   * @param prompt what the row continues
   * @param eos the model's end-of-sequence tokens
   * @param constraint what the text must be, where it must be something
   * @param alternatives how many most probable tokens are wanted beside the log probability of each
   *     token; none if no log probability is wanted
   * @param space memory that samplers of this thread share
   */
  public TokenSampler(
      Sampling sampling,
      int[] prompt,
      Collection<Integer> eos,
      Optional<Constraint.State> constraint,
      OptionalInt alternatives,
      Workspace space) {
    this.sampling = sampling;
    this.alternatives = alternatives;
    this.space = space;
    this.constraint = constraint;
    this.ends = new HashSet<>(sampling.ending().stopTokens());
    if (!sampling.ending().ignoreEos()) {
      ends.addAll(eos);
    }
    this.history = new History(sampling.penalties(), prompt, space.raw.length);
    this.draw = new Draw(sampling);
    this.random = new SplittableRandom(sampling.seed().orElseGet(TokenSampler::anySeed));
  }

  private static long anySeed() {
    synchronized (UNSEEDED) {
      return UNSEEDED.nextLong();
    }
  }

  /**
   * The token that follows.
   *
   * @param logits those of {@code row} are read, and left as they are
   * @throws PreambleException if no token can follow
   */
  public ChosenToken next(Logits logits, int row) {
    boolean plain = leavesLogits();
    if (!plain || !sampling.isGreedy() || alternatives.isPresent()) {
      space.load(logits, row);
    }
    float[] values = plain ? space.raw : changed();
    int best = plain ? MostProbable.of(logits, row) : MostProbable.of(values);
    int token = sampling.isGreedy() ? best : draw.token(values, best, space, random.nextDouble());
    history.add(token);
    chosen++;
    if (!ends.contains(token)) {
      constraint.ifPresent(state -> state.accept(token));
    }
    return described(token);
  }

  /** Whether {@code token} ends the text. */
  public boolean ends(int token) {
    return ends.contains(token);
  }

  /** Whether the constraint lets no token follow: the text ends without an end token. */
  public boolean exhausted() {
    return constraint.map(Constraint.State::exhausted).orElse(false);
  }

  private boolean leavesLogits() {
    return sampling.penalties().none()
        && sampling.logitBias().isEmpty()
        && chosen >= sampling.ending().minTokens()
        && constraint.isEmpty();
  }

  /** The logits as penalties, biases, constraint and ending change them. */
  private float[] changed() {
    space.reset();
    float[] logits = space.logits;
    history.penalise(logits);
    sampling.logitBias().forEach((token, bias) -> logits[token] += bias.floatValue());
    constraint.ifPresent(state -> mask(logits, state));
    boolean held = chosen < sampling.ending().minTokens();
    boolean endsOnly = constraint.map(Constraint.State::exhausted).orElse(false);
    if (held && !endsOnly) {
      ends.forEach(token -> logits[token] = Float.NEGATIVE_INFINITY);
    }
    return logits;
  }

  /** Leaves what the constraint allows, and end tokens where the text may end. */
  private void mask(float[] logits, Constraint.State state) {
    long[] allowed = state.allowed();
    Map<Integer, Float> endLogits = new HashMap<>();
    ends.forEach(token -> endLogits.put(token, logits[token]));
    for (int token = 0; token < logits.length; token++) {
      if ((allowed[token >> 6] & 1L << token) == 0) {
        logits[token] = Float.NEGATIVE_INFINITY;
      }
    }
    boolean complete = state.complete();
    ends.forEach(
        token -> logits[token] = complete ? endLogits.get(token) : Float.NEGATIVE_INFINITY);
    if (!MostProbable.exists(logits)) {
      throw new PreambleException(
          "no token of the vocabulary continues the text as its constraint demands");
    }
  }

  private ChosenToken described(int token) {
    if (alternatives.isEmpty()) {
      return new ChosenToken(token, OptionalDouble.empty(), List.of());
    }
    LogProbabilities probabilities = new LogProbabilities(space.raw);
    return new ChosenToken(
        token,
        OptionalDouble.of(probabilities.of(token)),
        probabilities.mostProbable(alternatives.getAsInt()));
  }
}
