/**
 * Reverse-mode differentiation of a graph: the result is a larger graph of ordinary operators.
 *
 * <p>Start at {@link dev.preamble.onnx.gradient.Gradient}. An operator gets its derivative by one
 * small function in the table {@link dev.preamble.onnx.gradient.GradientRules}.
 */
package dev.preamble.onnx.gradient;
