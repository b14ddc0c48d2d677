/**
 * An ONNX graph as Java values: read, edit, differentiate, write. Nothing here runs a graph.
 *
 * <p>Start at {@link dev.preamble.onnx.Graph} for the values, at {@link
 * dev.preamble.onnx.packed.PackedGraph} for what training makes of them, and at {@code
 * dev.preamble.onnx.gradient} for the rules of differentiation.
 */
package dev.preamble.onnx;
