package dev.preamble.onnx;

/** Which operators a graph may be built of. */
public enum Operators {
  /** Those that every ONNX Runtime has, on any device. */
  STOCK,

  /**
   * These and, on values of float32, the kernels of {@link Node#KERNELS}, which do in one pass over
   * memory what takes many of the stock operators: for a session on the processor that knows them.
   */
  KERNELS
}
