/**
 * Adapters get better here: data, packed batches, the gradient step, optimiser, schedule,
 * evaluation and what a run leaves behind.
 *
 * <p>Start at {@link dev.preamble.training.TrainingRun}, which is a whole run with what it leaves,
 * or at {@link dev.preamble.training.Trainer}, which only learns. Rows come from files by {@link
 * dev.preamble.training.DataReader}; {@link dev.preamble.training.Evaluator} scores any adapter,
 * and the base model without one. What is learned, and how, is a method of {@link
 * dev.preamble.training.method}.
 */
package dev.preamble.training;
