/**
 * Adapters get better here: data, packed batches, the gradient step, optimiser, schedule,
 * evaluation and what a run leaves behind.
 *
 * <p>Start at {@link dev.preamble.training.Trainer}; {@link dev.preamble.training.Evaluator} scores
 * any prompt, the empty one included.
 */
package dev.preamble.training;
