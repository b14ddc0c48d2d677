/**
 * Tokens come out here: requests go into an {@link dev.preamble.generation.Engine}, which runs the
 * frozen model under any adapter and hands out text token by token; {@link
 * dev.preamble.generation.Scorer} says how probable a given text is.
 *
 * <p>Start at {@link dev.preamble.generation.Engine}; {@link
 * dev.preamble.generation.BatchingEngine} decodes many rows at once, {@link
 * dev.preamble.generation.NaiveEngine} is its oracle. An adapter is first fitted to the model
 * ({@link dev.preamble.generation.FittedAdapter}); its key/value prefix is then computed once and
 * kept by content digest.
 */
package dev.preamble.generation;
