package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout.OfInt;
import java.lang.foreign.ValueLayout.OfLong;
import java.lang.invoke.MethodHandle;

/**
 * The functions of {@code OrtApi} that this package calls, each by its place in the table. The
 * names are those of {@code onnxruntime_c_api.h}. Pointers and sizes are longs, so that a call
 * makes no garbage. {@code status} functions return an {@code OrtStatus*}, 0 for success; {@code
 * release} functions return nothing.
 *
 * <p>{@link OnnxRuntime#library()} must have succeeded before this class is initialised.
 */
final class OrtApi {
  private static final OfLong P = JAVA_LONG;
  private static final OfInt I = JAVA_INT;
  private static final long TABLE = OnnxRuntime.library().table();

  static final MethodHandle CREATE_STATUS = function(0, FunctionDescriptor.of(P, I, P));
  static final MethodHandle GET_ERROR_CODE = function(1, FunctionDescriptor.of(I, P));
  static final MethodHandle GET_ERROR_MESSAGE = function(2, FunctionDescriptor.of(P, P));
  static final MethodHandle RELEASE_STATUS = release(93);

  static final MethodHandle CREATE_ENV = status(3, I, P, P);

  static final MethodHandle CREATE_SESSION_OPTIONS = status(10, P);
  static final MethodHandle SET_SESSION_EXECUTION_MODE = status(13, P, I);
  static final MethodHandle ENABLE_MEM_PATTERN = status(16, P);
  static final MethodHandle DISABLE_MEM_PATTERN = status(17, P);
  static final MethodHandle ENABLE_CPU_MEM_ARENA = status(18, P);
  static final MethodHandle DISABLE_CPU_MEM_ARENA = status(19, P);
  static final MethodHandle SET_SESSION_LOG_SEVERITY_LEVEL = status(22, P, I);
  static final MethodHandle SET_SESSION_GRAPH_OPTIMIZATION_LEVEL = status(23, P, I);
  static final MethodHandle SET_INTRA_OP_NUM_THREADS = status(24, P, I);
  static final MethodHandle SET_INTER_OP_NUM_THREADS = status(25, P, I);
  static final MethodHandle ADD_SESSION_CONFIG_ENTRY = status(130, P, P, P);
  static final MethodHandle ADD_INITIALIZER = status(150, P, P, P);
  static final MethodHandle ADD_EXTERNAL_INITIALIZERS = status(210, P, P, P, P);
  static final MethodHandle SET_DETERMINISTIC_COMPUTE = status(273, P, JAVA_BOOLEAN);
  static final MethodHandle APPEND_CUDA_PROVIDER = status(204, P, P);
  static final MethodHandle RELEASE_SESSION_OPTIONS = release(100);

  static final MethodHandle CREATE_CUDA_PROVIDER_OPTIONS = status(205, P);
  static final MethodHandle UPDATE_CUDA_PROVIDER_OPTIONS = status(206, P, P, P, P);
  static final MethodHandle RELEASE_CUDA_PROVIDER_OPTIONS = release(208);

  static final MethodHandle CREATE_SESSION_FROM_ARRAY = status(8, P, P, P, P, P);
  static final MethodHandle SESSION_GET_INPUT_COUNT = status(30, P, P);
  static final MethodHandle SESSION_GET_OUTPUT_COUNT = status(31, P, P);
  static final MethodHandle SESSION_GET_INPUT_TYPE_INFO = status(33, P, P, P);
  static final MethodHandle SESSION_GET_OUTPUT_TYPE_INFO = status(34, P, P, P);
  static final MethodHandle SESSION_GET_INPUT_NAME = status(36, P, P, P, P);
  static final MethodHandle SESSION_GET_OUTPUT_NAME = status(37, P, P, P, P);
  static final MethodHandle RUN = status(9, P, P, P, P, P, P, P, P);
  static final MethodHandle RELEASE_SESSION = release(95);

  static final MethodHandle CREATE_RUN_OPTIONS = status(39, P);
  static final MethodHandle RUN_OPTIONS_SET_TERMINATE = status(46, P);
  static final MethodHandle RUN_OPTIONS_UNSET_TERMINATE = status(47, P);
  static final MethodHandle RELEASE_RUN_OPTIONS = release(97);

  static final MethodHandle CREATE_MEMORY_INFO = status(68, P, I, I, I, P);
  static final MethodHandle CREATE_CPU_MEMORY_INFO = status(69, I, I, P);
  static final MethodHandle RELEASE_MEMORY_INFO = release(94);
  static final MethodHandle GET_ALLOCATOR_WITH_DEFAULT_OPTIONS = status(78, P);
  static final MethodHandle CREATE_ALLOCATOR = status(131, P, P, P);
  static final MethodHandle ALLOCATOR_ALLOC = status(75, P, P, P);
  static final MethodHandle ALLOCATOR_FREE = status(76, P, P);
  static final MethodHandle RELEASE_ALLOCATOR = release(132);

  static final MethodHandle CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE = status(49, P, P, P, P, P, I, P);
  static final MethodHandle GET_TENSOR_MUTABLE_DATA = status(51, P, P);
  static final MethodHandle GET_TENSOR_TYPE_AND_SHAPE = status(65, P, P);
  static final MethodHandle RELEASE_VALUE = release(96);

  static final MethodHandle CAST_TYPE_INFO_TO_TENSOR_INFO = status(55, P, P);
  static final MethodHandle GET_TENSOR_SHAPE_ELEMENT_COUNT = status(64, P, P);
  static final MethodHandle GET_TENSOR_ELEMENT_TYPE = status(60, P, P);
  static final MethodHandle GET_DIMENSIONS_COUNT = status(61, P, P);
  static final MethodHandle GET_DIMENSIONS = status(62, P, P, P);
  static final MethodHandle GET_SYMBOLIC_DIMENSIONS = status(63, P, P, P);
  static final MethodHandle RELEASE_TYPE_INFO = release(98);
  static final MethodHandle RELEASE_TENSOR_TYPE_AND_SHAPE_INFO = release(99);

  static final MethodHandle CREATE_CUSTOM_OP_DOMAIN = status(26, P, P);
  static final MethodHandle CUSTOM_OP_DOMAIN_ADD = status(27, P, P);
  static final MethodHandle ADD_CUSTOM_OP_DOMAIN = status(28, P, P);
  static final MethodHandle KERNEL_CONTEXT_GET_INPUT = status(90, P, P, P);
  static final MethodHandle KERNEL_CONTEXT_GET_OUTPUT = status(91, P, P, P, P, P);
  static final MethodHandle KERNEL_CONTEXT_PARALLEL_FOR = status(274, P, P, P, P, P);

  static final MethodHandle CREATE_IO_BINDING = status(134, P, P);
  static final MethodHandle BIND_INPUT = status(136, P, P, P);
  static final MethodHandle BIND_OUTPUT = status(137, P, P, P);
  static final MethodHandle BIND_OUTPUT_TO_DEVICE = status(138, P, P, P);
  static final MethodHandle GET_BOUND_OUTPUT_VALUES = status(140, P, P, P, P);
  static final MethodHandle CLEAR_BOUND_INPUTS = release(141);
  static final MethodHandle CLEAR_BOUND_OUTPUTS = release(142);
  static final MethodHandle SYNCHRONIZE_BOUND_INPUTS = status(202, P);
  static final MethodHandle SYNCHRONIZE_BOUND_OUTPUTS = status(203, P);
  static final MethodHandle RUN_WITH_BINDING = status(133, P, P, P);
  static final MethodHandle RELEASE_IO_BINDING = release(135);

  private OrtApi() {}

  private static MethodHandle status(int index, MemoryLayout... arguments) {
    return function(index, FunctionDescriptor.of(P, arguments));
  }

  private static MethodHandle release(int index) {
    return function(index, FunctionDescriptor.ofVoid(P));
  }

  private static MethodHandle function(int index, FunctionDescriptor type) {
    long bytes = (index + 1) * P.byteSize();
    return Foreign.function(Foreign.memory(TABLE, bytes).getAtIndex(P, index), type);
  }
}
