package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Calls into {@link OrtApi}. {@code call} turns a failed status into an {@link OrtException};
 * {@code make} adds a last argument to which the function writes its result, and returns that;
 * {@code release} is for functions without a result. None but {@code make} makes garbage.
 */
final class Ort {
  private Ort() {}

  static void call(MethodHandle function, long a) {
    try {
      check((long) function.invokeExact(a));
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  static void call(MethodHandle function, long a, int b) {
    try {
      check((long) function.invokeExact(a, b));
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  static void call(MethodHandle function, long a, boolean b) {
    try {
      check((long) function.invokeExact(a, b));
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  static void call(MethodHandle function, long a, long b) {
    try {
      check((long) function.invokeExact(a, b));
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  static void call(MethodHandle function, long a, long b, long c) {
    try {
      check((long) function.invokeExact(a, b, c));
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  static void call(MethodHandle function, long a, long b, long c, long d) {
    try {
      check((long) function.invokeExact(a, b, c, d));
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  static void call(MethodHandle function, long a, long b, long c, long d, long e) {
    try {
      check((long) function.invokeExact(a, b, c, d, e));
    } catch (Throwable t) {
      throw thrown(t);
    }
  }

  static void call(
      MethodHandle function, long a, long b, long c, long d, long e, long f, long g, long h) {
    try {
      check((long) function.invokeExact(a, b, c, d, e, f, g, h));
    } catch (Throwable t) {
      throw thrown(t);
    }
  }

  static void release(MethodHandle function, long a) {
    try {
      function.invokeExact(a);
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  static long make(MethodHandle function) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(JAVA_LONG);
      call(function, result.address());
      return result.get(JAVA_LONG, 0);
    }
  }

  static long make(MethodHandle function, long a) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(JAVA_LONG);
      call(function, a, result.address());
      return result.get(JAVA_LONG, 0);
    }
  }

  static long make(MethodHandle function, long a, long b) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(JAVA_LONG);
      call(function, a, b, result.address());
      return result.get(JAVA_LONG, 0);
    }
  }

  static long make(MethodHandle function, long a, long b, long c) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(JAVA_LONG);
      call(function, a, b, c, result.address());
      return result.get(JAVA_LONG, 0);
    }
  }

  /** Does nothing for a success, else throws the failure and frees it. */
  static void check(long status) {
    if (status != 0) {
      throw failure(status);
    }
  }

  private static OrtException failure(long status) {
    try {
      int code = (int) OrtApi.GET_ERROR_CODE.invokeExact(status);
      String message = Foreign.string((long) OrtApi.GET_ERROR_MESSAGE.invokeExact(status));
      release(OrtApi.RELEASE_STATUS, status);
      return new OrtException(OrtException.Code.of(code), message);
    } catch (Throwable e) {
      throw thrown(e);
    }
  }

  /** What an exact call threw: only unchecked exceptions can come out of one. */
  static RuntimeException thrown(Throwable e) {
    if (e instanceof RuntimeException unchecked) {
      return unchecked;
    }
    if (e instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("a native call threw a checked exception", e);
  }
}
