package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * ONNX Runtime 1.29 collects and sends events, from the moment it is loaded, unless this process's
 * own environment says otherwise. Java has no call that changes it; the C library has.
 */
final class Telemetry {
  private static final String VARIABLE = "ORT_DISABLE_TELEMETRY";

  private Telemetry() {}

  /** Sets the variable that keeps ONNX Runtime silent; to be called before it is loaded. */
  static void off() {
    Optional<MethodHandle> setenv =
        Foreign.libc("setenv", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    Optional<MethodHandle> putenv =
        Foreign.libc("_putenv_s", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(VARIABLE);
      MemorySegment value = arena.allocateFrom("1");
      int failed =
          setenv.isPresent()
              ? (int) setenv.get().invokeExact(name, value, 1)
              : (int) putenv.orElseThrow().invokeExact(name, value);
      if (failed != 0) {
        throw new IllegalStateException("the C library refused to set " + VARIABLE);
      }
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
  }
}
