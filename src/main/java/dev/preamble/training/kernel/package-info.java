/**
 * Operators of training graphs that Java computes in the midst of ONNX Runtime's run, each in place
 * of several stock operators that would each pass over the same memory. They are for the processor
 * and for float32; without them a graph gives the same numbers, later.
 *
 * <p>A kernel moves a strip of each input into arrays that the first cache holds, computes there in
 * short loops, which the compiler turns into vector instructions, and moves the result out. The
 * loops are short because the compiler unrolls, and so vectorises, only those; they are over arrays
 * that are not made in the same method, which would keep it from both.
 */
package dev.preamble.training.kernel;
