package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** The C library's heap. */
final class NativeHeap {
  private static final Optional<MethodHandle> MALLOC_TRIM =
      Foreign.libc("malloc_trim", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));

  private NativeHeap() {}

  /**
   * Gives free pages back to the system. glibc keeps those of a large block that was freed in the
   * heap's midst; other C libraries need no asking.
   */
  static void trim() {
    if (MALLOC_TRIM.isPresent()) {
      try {
        int released = (int) MALLOC_TRIM.get().invokeExact(0L);
        assert released >= 0;
      } catch (Throwable e) {
        throw Ort.thrown(e);
      }
    }
  }
}
