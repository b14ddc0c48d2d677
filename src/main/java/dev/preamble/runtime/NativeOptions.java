package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** An {@code OrtSessionOptions} made from {@link SessionOptions} and the weights handed over. */
final class NativeOptions {
  private static final String DISABLE_PREPACKING = "session.disable_prepacking";

  private NativeOptions() {}

  /** The native options, for whoever releases them. */
  static long create(SessionOptions options, Map<String, Tensor> weights) {
    long address = Ort.make(OrtApi.CREATE_SESSION_OPTIONS);
    try (Arena arena = Arena.ofConfined()) {
      settings(address, options);
      if (!options.prepacking()) {
        entry(address, arena, DISABLE_PREPACKING, "1");
      }
      options.entries().forEach((key, value) -> entry(address, arena, key, value));
      if (!options.kernels().isEmpty()) {
        Ort.call(OrtApi.ADD_CUSTOM_OP_DOMAIN, address, KernelDomain.of(options.kernels()));
      }
      weights(address, arena, weights);
      if (!options.device().isCpu()) {
        CudaProvider.append(address, options.device());
      }
      return address;
    } catch (RuntimeException | Error e) {
      Ort.release(OrtApi.RELEASE_SESSION_OPTIONS, address);
      throw e;
    }
  }

  private static void settings(long address, SessionOptions options) {
    Ort.call(OrtApi.SET_SESSION_EXECUTION_MODE, address, 0);
    Ort.call(OrtApi.SET_INTRA_OP_NUM_THREADS, address, options.threads());
    Ort.call(OrtApi.SET_INTER_OP_NUM_THREADS, address, 1);
    Ort.call(OrtApi.SET_SESSION_LOG_SEVERITY_LEVEL, address, Environment.LOG_FATAL);
    Ort.call(OrtApi.SET_SESSION_GRAPH_OPTIMIZATION_LEVEL, address, options.optimization().level());
    Ort.call(
        options.memoryPattern() && options.device().isCpu()
            ? OrtApi.ENABLE_MEM_PATTERN
            : OrtApi.DISABLE_MEM_PATTERN,
        address);
    Ort.call(
        options.memoryArena() ? OrtApi.ENABLE_CPU_MEM_ARENA : OrtApi.DISABLE_CPU_MEM_ARENA,
        address);
    Ort.call(OrtApi.SET_DETERMINISTIC_COMPUTE, address, options.deterministic());
  }

  private static void entry(long address, Arena arena, String key, String value) {
    long name = arena.allocateFrom(key).address();
    Ort.call(OrtApi.ADD_SESSION_CONFIG_ENTRY, address, name, arena.allocateFrom(value).address());
  }

  /**
   * Hands over the weights. As external initializers alone they would be copied, as initializers
   * alone the files that the graph names would have to lie beside it; as both they stay where they
   * are and no file is opened.
   */
  private static void weights(long address, Arena arena, Map<String, Tensor> weights) {
    if (weights.isEmpty()) {
      return;
    }
    MemorySegment names = arena.allocate(JAVA_LONG, weights.size());
    MemorySegment values = arena.allocate(JAVA_LONG, weights.size());
    int index = 0;
    for (Map.Entry<String, Tensor> weight : weights.entrySet()) {
      long name = arena.allocateFrom(weight.getKey()).address();
      long value = weight.getValue().handle().address();
      names.setAtIndex(JAVA_LONG, index, name);
      values.setAtIndex(JAVA_LONG, index, value);
      index++;
      Ort.call(OrtApi.ADD_INITIALIZER, address, name, value);
    }
    Ort.call(
        OrtApi.ADD_EXTERNAL_INITIALIZERS, address, names.address(), values.address(), (long) index);
  }
}
