package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandles;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What ONNX Runtime calls of an {@code OrtCustomOp}. An operator is known by the address of its
 * table, which is also what stands for the kernel of a node. Nothing may be thrown out of these: a
 * failure is given back as an {@code OrtStatus}.
 */
final class KernelFunctions {
  private static final int REQUIRED = 0;
  private static final int OPTIONAL = 1;
  private static final long SUCCESS = 0;

  private static final Map<Long, Kernel> KERNELS = new ConcurrentHashMap<>();
  private static final Map<String, Long> NAMES = new ConcurrentHashMap<>();

  /** The same functions for all kernels: which one is meant is their first argument. */
  private static final Map<String, Long> SHARED = shared();

  private KernelFunctions() {}

  /** Has calls for the operator at {@code address} mean {@code kernel}. */
  static void register(long address, Kernel kernel) {
    KERNELS.put(address, kernel);
  }

  /** The addresses of the functions for {@code kernel}, by their names. */
  static Map<String, Long> of(Kernel kernel) {
    Map<String, Long> functions = new HashMap<>(SHARED);
    functions.put("GetMayInplace", Places.FUNCTIONS[Math.min(kernel.outputs(), 2)]);
    return functions;
  }

  private static Map<String, Long> shared() {
    long toNumber = function("first", JAVA_INT, JAVA_LONG);
    long outputKind = function("outputKind", JAVA_INT, JAVA_LONG, JAVA_LONG);
    return Map.ofEntries(
        Map.entry("GetName", function("name", JAVA_LONG, JAVA_LONG)),
        Map.entry("GetExecutionProviderType", function("provider", JAVA_LONG, JAVA_LONG)),
        Map.entry("GetInputType", function("inputType", JAVA_INT, JAVA_LONG, JAVA_LONG)),
        Map.entry("GetInputTypeCount", function("inputs", JAVA_LONG, JAVA_LONG)),
        Map.entry("GetOutputType", function("outputType", JAVA_INT, JAVA_LONG, JAVA_LONG)),
        Map.entry("GetOutputTypeCount", function("outputs", JAVA_LONG, JAVA_LONG)),
        Map.entry("KernelDestroy", procedure("destroy", JAVA_LONG)),
        Map.entry("GetInputCharacteristic", function("inputKind", JAVA_INT, JAVA_LONG, JAVA_LONG)),
        Map.entry("GetOutputCharacteristic", outputKind),
        Map.entry("GetInputMemoryType", outputKind),
        Map.entry(
            "CreateKernelV2",
            function("create", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG)),
        Map.entry("KernelComputeV2", function("compute", JAVA_LONG, JAVA_LONG, JAVA_LONG)),
        Map.entry("GetStartVersion", toNumber),
        Map.entry("GetEndVersion", toNumber),
        Map.entry("ReleaseMayInplace", procedure("keep", JAVA_LONG, JAVA_LONG)));
  }

  private static long function(String method, MemoryLayout result, MemoryLayout... arguments) {
    return Foreign.callback(
        MethodHandles.lookup(), method, FunctionDescriptor.of(result, arguments));
  }

  private static long procedure(String method, MemoryLayout... arguments) {
    return Foreign.callback(MethodHandles.lookup(), method, FunctionDescriptor.ofVoid(arguments));
  }

  private static long name(long operator) {
    return NAMES.computeIfAbsent(
        KERNELS.get(operator).name(), name -> Arena.global().allocateFrom(name).address());
  }

  /** No name of a provider: the processor. */
  private static long provider(long operator) {
    return 0;
  }

  private static long inputs(long operator) {
    return KERNELS.get(operator).inputs().size();
  }

  private static long outputs(long operator) {
    return KERNELS.get(operator).outputs();
  }

  private static int inputType(long operator, long index) {
    return KERNELS.get(operator).inputs().get((int) index).code();
  }

  private static int outputType(long operator, long index) {
    return ElementType.FLOAT32.code();
  }

  private static int inputKind(long operator, long index) {
    return index < KERNELS.get(operator).requiredInputs() ? REQUIRED : OPTIONAL;
  }

  /** All outputs are required; all memory is the default one, which has the same number. */
  private static int outputKind(long operator, long index) {
    return REQUIRED;
  }

  /** The only version of an operator. */
  private static int first(long operator) {
    return 1;
  }

  private static long create(long operator, long api, long info, long result) {
    Foreign.memory(result, JAVA_LONG.byteSize()).set(JAVA_LONG, 0, operator);
    return SUCCESS;
  }

  private static long compute(long operator, long context) {
    Kernel kernel = KERNELS.get(operator);
    try {
      KernelCall.in(context, kernel.computation());
      return SUCCESS;
    } catch (Throwable e) {
      return status("kernel " + kernel.name() + ": " + e);
    }
  }

  private static long status(String message) {
    try (Arena arena = Arena.ofConfined()) {
      long text = arena.allocateFrom(message).address();
      return (long) OrtApi.CREATE_STATUS.invokeExact(OrtException.Code.FAIL.ordinal(), text);
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
  }

  private static void destroy(long operator) {}

  /** Which inputs' memory outputs may take: the first two those of the first two. */
  private static final class Places {
    static final long[] FUNCTIONS = {
      0,
      function("one", JAVA_LONG, JAVA_LONG, JAVA_LONG),
      function("two", JAVA_LONG, JAVA_LONG, JAVA_LONG)
    };
    private static final long NUMBERS = Arena.global().allocateFrom(JAVA_INT, 0, 1).address();
  }

  private static long one(long inputs, long outputs) {
    return places(1, inputs, outputs);
  }

  private static long two(long inputs, long outputs) {
    return places(2, inputs, outputs);
  }

  private static long places(int count, long inputs, long outputs) {
    Foreign.memory(inputs, JAVA_LONG.byteSize()).set(JAVA_LONG, 0, Places.NUMBERS);
    Foreign.memory(outputs, JAVA_LONG.byteSize()).set(JAVA_LONG, 0, Places.NUMBERS);
    return count;
  }

  /** The numbers stay for the next who asks. */
  private static void keep(long inputs, long outputs) {}
}
