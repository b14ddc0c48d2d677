package dev.preamble.onnx;

/** A named edge of a graph: what a node reads or writes, with its element type and shape. */
public record Value(String name, DataType type, Shape shape) {}
