/**
 * The graph of a batch in which the prompt stands once and every row's real tokens follow in one
 * sequence: what training and evaluation run.
 *
 * <p>In a causal model the states of the virtual tokens do not depend on the row, and attention is
 * the only place where tokens meet. So the exported graph is fed one sequence of P + T positions at
 * batch 1, every position-wise operator takes it as it is, and only the attention is replaced by
 * one that knows rows. Start at {@link dev.preamble.onnx.packed.PackedGraph}.
 */
package dev.preamble.onnx.packed;
