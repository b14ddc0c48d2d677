/**
 * An exported frozen model: its manifest, weights, embedding table, tokenizer and forward pass.
 *
 * <p>Start at {@link dev.preamble.model.FrozenModel}.
 */
package dev.preamble.model;
