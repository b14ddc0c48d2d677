package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Kernels as ONNX Runtime takes them: an {@code OrtCustomOp} each, a table of functions that say
 * what the operator is and compute it. They are made once and stay as long as the process.
 */
final class KernelDomain {
  /** The version of {@code OrtCustomOp} that is filled in; every later library reads it. */
  private static final int VERSION = 20;

  /** The functions of an {@code OrtCustomOp} behind its version, in their order. */
  private static final List<String> TABLE =
      List.of(
          "CreateKernel",
          "GetName",
          "GetExecutionProviderType",
          "GetInputType",
          "GetInputTypeCount",
          "GetOutputType",
          "GetOutputTypeCount",
          "KernelCompute",
          "KernelDestroy",
          "GetInputCharacteristic",
          "GetOutputCharacteristic",
          "GetInputMemoryType",
          "GetVariadicInputMinArity",
          "GetVariadicInputHomogeneity",
          "GetVariadicOutputMinArity",
          "GetVariadicOutputHomogeneity",
          "CreateKernelV2",
          "KernelComputeV2",
          "InferOutputShapeFn",
          "GetStartVersion",
          "GetEndVersion",
          "GetMayInplace",
          "ReleaseMayInplace",
          "GetAliasMap",
          "ReleaseAliasMap");

  private static final Map<List<Kernel>, Long> DOMAINS = new ConcurrentHashMap<>();

  private KernelDomain() {}

  /** The address of an {@code OrtCustomOpDomain} that has {@code kernels}. */
  static long of(List<Kernel> kernels) {
    return DOMAINS.computeIfAbsent(List.copyOf(kernels), KernelDomain::create);
  }

  private static long create(List<Kernel> kernels) {
    long name = Arena.global().allocateFrom(Kernel.DOMAIN).address();
    long domain = Ort.make(OrtApi.CREATE_CUSTOM_OP_DOMAIN, name);
    kernels.forEach(kernel -> Ort.call(OrtApi.CUSTOM_OP_DOMAIN_ADD, domain, operator(kernel)));
    return domain;
  }

  private static long operator(Kernel kernel) {
    MemorySegment table = Arena.global().allocate(JAVA_LONG, 1L + TABLE.size());
    table.set(JAVA_INT, 0, VERSION);
    KernelFunctions.of(kernel)
        .forEach(
            (name, function) -> table.setAtIndex(JAVA_LONG, 1L + TABLE.indexOf(name), function));
    KernelFunctions.register(table.address(), kernel);
    return table.address();
  }
}
