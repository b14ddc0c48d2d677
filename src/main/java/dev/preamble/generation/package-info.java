/**
 * Tokens come out here: requests go into an {@link dev.preamble.generation.Engine}, which runs the
 * frozen model under any adapter and hands out text token by token; {@link
 * dev.preamble.generation.Scorer} says how probable a given text is, {@link
 * dev.preamble.generation.Classifier} which of several labels follows it.
 *
 * <p>Start at {@link dev.preamble.generation.Engine}; {@link
 * dev.preamble.generation.BatchingEngine} decodes many rows at once, {@link
 * dev.preamble.generation.NaiveEngine} is its oracle. Which token comes is decided in {@code
 * generation.sampling}, what a text must be in {@code generation.structured}. An adapter is first
 * fitted to the model ({@link dev.preamble.generation.FittedAdapter}); its key/value prefix is then
 * computed once and kept by content digest.
 */
package dev.preamble.generation;
