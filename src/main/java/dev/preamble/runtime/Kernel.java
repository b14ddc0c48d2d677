package dev.preamble.runtime;

import java.util.Collections;
import java.util.List;

/**
 * An operator that ONNX Runtime has not, computed in Java on the processor, in the midst of a
 * session's run and on that session's own threads. Its outputs are of float32. A graph names it by
 * {@link #DOMAIN} and {@code name}; a session that is opened with it ({@link
 * SessionOptions#withKernels}) computes it.
 *
 * <p>Each of the first two outputs may come to lie in the memory of the input of its number, where
 * a graph reads that for the last time: a kernel reads what it needs of each element of an input
 * before it writes that element of the output.
 *
 * @param name the operator's, of ASCII letters
 * @param inputs the element type of each input that it knows
 * @param requiredInputs how many of these, the first ones, a node must have
 * @param outputs how many it gives, at most as many as it requires inputs
 * @param computation gives every output; may run for several sessions and on several threads at
 *     once
 */
public record Kernel(
    String name,
    List<ElementType> inputs,
    int requiredInputs,
    int outputs,
    Computation computation) {
  /** The operator domain of all kernels. */
  public static final String DOMAIN = "dev.preamble";

  /** Refuses what no operator can be. */
  public Kernel {
    inputs = List.copyOf(inputs);
    if (outputs < 1 || outputs > requiredInputs || requiredInputs > inputs.size()) {
      throw new IllegalArgumentException(
          "kernel %s: expected at least one output, as many required inputs and no fewer inputs; found %d, %d and %d"
              .formatted(name, outputs, requiredInputs, inputs.size()));
    }
  }

  /** What a kernel does. */
  @FunctionalInterface
  public interface Computation {
    /** Gives every output. An exception ends the run as an {@link OrtException} that tells it. */
    void compute(KernelCall call);
  }

  /** A kernel whose inputs are all of float32. */
  public static Kernel ofFloats(
      String name, int inputs, int requiredInputs, int outputs, Computation computation) {
    return new Kernel(
        name,
        Collections.nCopies(inputs, ElementType.FLOAT32),
        requiredInputs,
        outputs,
        computation);
  }
}
