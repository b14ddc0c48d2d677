package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/** Reads what ONNX Runtime says of names, types and shapes. */
final class TypeInfos {
  private TypeInfos() {}

  /** All inputs of a session, in the graph's order. */
  static List<TensorInfo> inputs(long session) {
    return all(
        session,
        OrtApi.SESSION_GET_INPUT_COUNT,
        OrtApi.SESSION_GET_INPUT_NAME,
        OrtApi.SESSION_GET_INPUT_TYPE_INFO);
  }

  /** All outputs of a session, in the graph's order. */
  static List<TensorInfo> outputs(long session) {
    return all(
        session,
        OrtApi.SESSION_GET_OUTPUT_COUNT,
        OrtApi.SESSION_GET_OUTPUT_NAME,
        OrtApi.SESSION_GET_OUTPUT_TYPE_INFO);
  }

  private static List<TensorInfo> all(
      long session, MethodHandle counter, MethodHandle namer, MethodHandle typer) {
    List<TensorInfo> infos = new ArrayList<>();
    long allocator = Environment.shared().allocator();
    long count = Ort.make(counter, session);
    for (long index = 0; index < count; index++) {
      long text = Ort.make(namer, session, index, allocator);
      String name = Foreign.string(text);
      Ort.call(OrtApi.ALLOCATOR_FREE, allocator, text);
      long typeInfo = Ort.make(typer, session, index);
      try {
        long info = Ort.make(OrtApi.CAST_TYPE_INFO_TO_TENSOR_INFO, typeInfo);
        if (info == 0) {
          throw new IllegalArgumentException(
              "the graph's '"
                  + name
                  + "' is a sequence, a map or optional; only tensors can be run");
        }
        infos.add(read(name, info));
      } finally {
        Ort.release(OrtApi.RELEASE_TYPE_INFO, typeInfo);
      }
    }
    return List.copyOf(infos);
  }

  /** Type and sizes in an {@code OrtTensorTypeAndShapeInfo} of a tensor that is there. */
  static Extent extent(long info) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment type = arena.allocate(JAVA_INT);
      Ort.call(OrtApi.GET_TENSOR_ELEMENT_TYPE, info, type.address());
      long rank = Ort.make(OrtApi.GET_DIMENSIONS_COUNT, info);
      MemorySegment sizes = arena.allocate(JAVA_LONG, rank);
      Ort.call(OrtApi.GET_DIMENSIONS, info, sizes.address(), rank);
      return new Extent(ElementType.of(type.get(JAVA_INT, 0)), sizes.toArray(JAVA_LONG));
    }
  }

  /** Type and shape in an {@code OrtTensorTypeAndShapeInfo}. */
  static TensorInfo read(String name, long info) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment type = arena.allocate(JAVA_INT);
      Ort.call(OrtApi.GET_TENSOR_ELEMENT_TYPE, info, type.address());
      int rank = Math.toIntExact(Ort.make(OrtApi.GET_DIMENSIONS_COUNT, info));
      MemorySegment sizes = arena.allocate(JAVA_LONG, Math.max(rank, 1));
      MemorySegment symbols = arena.allocate(JAVA_LONG, Math.max(rank, 1));
      Ort.call(OrtApi.GET_DIMENSIONS, info, sizes.address(), rank);
      Ort.call(OrtApi.GET_SYMBOLIC_DIMENSIONS, info, symbols.address(), rank);
      List<Long> known = new ArrayList<>(rank);
      List<String> named = new ArrayList<>(rank);
      for (int axis = 0; axis < rank; axis++) {
        known.add(sizes.getAtIndex(JAVA_LONG, axis));
        long symbol = symbols.getAtIndex(JAVA_LONG, axis);
        named.add(symbol == 0 ? "" : Foreign.string(symbol));
      }
      return new TensorInfo(name, ElementType.of(type.get(JAVA_INT, 0)), known, named);
    }
  }
}
