/**
 * How a token is chosen from logits: {@link dev.preamble.generation.sampling.Sampling} says what a
 * request wants, a {@link dev.preamble.generation.sampling.TokenSampler} does it for one row, and a
 * {@link dev.preamble.generation.sampling.Constraint} says which tokens may come at all.
 *
 * <p>From the logits of a position to a token, in this order, each step seeing what the ones before
 * it left: repetition, frequency and presence penalty; logit bias; end tokens held off until the
 * fewest tokens have come; the constraint's mask; temperature; min-p; top-k; top-p; one draw.
 */
package dev.preamble.generation.sampling;
