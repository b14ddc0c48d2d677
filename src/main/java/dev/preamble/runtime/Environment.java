package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What all sessions and tensors of the process share; made with the first of them, never freed.
 *
 * @param address the {@code OrtEnv}
 * @param host the {@code OrtMemoryInfo} of ordinary memory
 * @param allocator the allocator of ordinary memory
 */
record Environment(long address, long host, long allocator) {
  /** ONNX Runtime's own log stays silent: what fails reaches the caller as an exception. */
  static final int LOG_FATAL = 4;

  private static final int DEVICE_ALLOCATOR = 0;
  private static final int MEMORY_DEFAULT = 0;

  /** The process's environment; loads the library with the first call. */
  static Environment shared() {
    OnnxRuntime.start();
    return Holder.SHARED;
  }

  private static long create() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(JAVA_LONG);
      long name = arena.allocateFrom("preamble").address();
      Ort.check((long) OrtApi.CREATE_ENV.invokeExact(LOG_FATAL, name, result.address()));
      return result.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
  }

  private static long createHost() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(JAVA_LONG);
      Ort.check(
          (long)
              OrtApi.CREATE_CPU_MEMORY_INFO.invokeExact(
                  DEVICE_ALLOCATOR, MEMORY_DEFAULT, result.address()));
      return result.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
  }

  /** Lets the library make, read and free a failure: were the table another, this would show. */
  private static void canary() {
    OrtException.Code code = OrtException.Code.NO_SUCH_FILE;
    try (Arena arena = Arena.ofConfined()) {
      long text = arena.allocateFrom("canary").address();
      Ort.check((long) OrtApi.CREATE_STATUS.invokeExact(code.ordinal(), text));
    } catch (OrtException e) {
      if (e.code() == code && e.getMessage().endsWith("canary")) {
        return;
      }
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
    throw new IllegalStateException(
        OnnxRuntime.path() + " does not answer as ONNX Runtime's C API does");
  }

  private static final class Holder {
    static final Environment SHARED;

    static {
      canary();
      SHARED =
          new Environment(
              create(), createHost(), Ort.make(OrtApi.GET_ALLOCATOR_WITH_DEFAULT_OPTIONS));
    }
  }
}
