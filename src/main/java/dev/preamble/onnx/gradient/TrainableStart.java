package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Shape;
import dev.preamble.onnx.Value;

/**
 * A sequence of which the first rows depend on something trainable and the others do not. Until
 * rows meet, in an operation that is a {@link Composite}, gradients of the others are not computed.
 *
 * @param sequence its rows in one dimension
 * @param rows that dimension
 * @param leading the dimension of the first rows
 * @param count int64 [1]: how many they are
 */
public record TrainableStart(
    Value sequence, Shape.Dimension rows, Shape.Dimension leading, Value count) {}
