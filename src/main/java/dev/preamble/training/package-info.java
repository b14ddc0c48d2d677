/**
 * Adapters get better here: data, packed batches, the gradient step, optimiser, schedule,
 * evaluation and what a run leaves behind.
 *
 * <p>Start at {@link dev.preamble.training.Trainer}; {@link dev.preamble.training.Evaluator} scores
 * any adapter, and the base model without one. What is learned, and how, is a method of {@link
 * dev.preamble.training.method}.
 */
package dev.preamble.training;
