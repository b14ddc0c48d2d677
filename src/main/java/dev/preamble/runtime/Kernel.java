package dev.preamble.runtime;

import java.util.List;

/**
 * An operator that ONNX Runtime has not, computed in Java on the processor, in the midst of a
 * session's run and on that session's own threads. Its outputs are of float32. A graph names it by
 * {@link #DOMAIN} and {@link #name}; a session that is opened with it ({@link
 * SessionOptions#withKernels}) computes it.
 *
 * <p>Each of the first two outputs may come to lie in the memory of the input of its number, where
 * a graph reads that for the last time: a kernel reads what it needs of each element of an input
 * before it writes that element of the output.
 *
 * <p>One kernel may run for several sessions and on several threads at once.
 */
public interface Kernel {
  /** The operator domain of all kernels. */
  String DOMAIN = "dev.preamble";

  /** The operator's name, of ASCII letters. */
  String name();

  /** The element type of each input that it knows. */
  List<ElementType> inputs();

  /** How many of these, the first ones, a node must have. */
  int requiredInputs();

  /** How many outputs it gives, at most as many as it requires inputs. */
  int outputs();

  /** Gives every output. An exception ends the run as an {@link OrtException} that tells it. */
  void compute(KernelCall call);
}
