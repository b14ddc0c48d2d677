/**
 * ONNX Runtime's C API through Java's foreign-function API: sessions, tensors, bindings.
 *
 * <p>Start with {@link dev.preamble.runtime.Session}: it is opened from a model's bytes and runs
 * either one call at a time ({@code run}) or through a {@link dev.preamble.runtime.Binding}, which
 * names the memory of every input and output once and then makes no garbage. Memory is a {@link
 * dev.preamble.runtime.Tensor}; {@link dev.preamble.runtime.OnnxRuntime} says which library runs.
 *
 * <p><b>Ownership.</b> Every object that has {@code close} is closed by whoever made it; closing
 * twice does nothing, use after close is an {@link java.lang.IllegalStateException}. Native objects
 * count their holders: a binding holds its session and the tensors bound to it, a session the
 * tensors given to it as weights, a view the tensor it looks into. So closing in any order is safe
 * and memory goes when its last holder does. Memory that a tensor borrows is the exception: it has
 * to stay open as long as the tensor is in use, and a run on closed memory is refused.
 *
 * <p><b>Threads.</b> A {@link dev.preamble.runtime.Session} may be run from any number of threads
 * at once, a {@link dev.preamble.runtime.Binding} belongs to one thread at a time, a {@link
 * dev.preamble.runtime.Tensor}'s content is as safe as any memory: its users agree on who writes.
 * {@link dev.preamble.runtime.RunOptions#terminate()} and {@code close} may come from any thread. A
 * run blocks its thread in native code: call it from platform threads, never from virtual ones.
 *
 * <p><b>Devices.</b> {@link dev.preamble.runtime.SessionOptions#withDevice} puts a session on an
 * NVIDIA GPU; {@link dev.preamble.runtime.Session#allocate} gives tensors in that GPU's memory,
 * which stay there between runs, and {@link dev.preamble.runtime.Tensor#copyFrom} moves values in
 * and out. Tensors in ordinary memory may be bound all the same: they are copied with each run. The
 * CUDA path is written from ONNX Runtime's headers and has not been run on a GPU yet; what is
 * tested is everything around it, with the CPU's memory in a device's place.
 *
 * <p>Raw pointers stay in this package.
 */
package dev.preamble.runtime;
