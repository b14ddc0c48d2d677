package dev.preamble;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Two names of a file system that change places in one step: {@code renameat2} with {@code
 * RENAME_EXCHANGE} on Linux, {@code renamex_np} with {@code RENAME_SWAP} on macOS.
 */
final class AtomicExchange {
  /** Linux: a path is relative to the working folder. */
  private static final int AT_FDCWD = -100;

  /** The value of RENAME_EXCHANGE, and of RENAME_SWAP. */
  private static final int EXCHANGE = 2;

  private AtomicExchange() {}

  /** Exchanges the two; false where system or file system cannot, and nothing has changed. */
  @SuppressWarnings("restricted")
  static boolean of(Path left, Path right) throws IOException {
    Linker linker = Linker.nativeLinker();
    String system = System.getProperty("os.name");
    if (system.startsWith("Windows")) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocateFrom(left.toString());
      MemorySegment to = arena.allocateFrom(right.toString());
      Optional<MemorySegment> linux = linker.defaultLookup().find("renameat2");
      Optional<MemorySegment> mac = linker.defaultLookup().find("renamex_np");
      if (linux.isPresent()) {
        MethodHandle renameat2 =
            linker.downcallHandle(
                linux.get(),
                FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_INT));
        return (int) renameat2.invokeExact(AT_FDCWD, from, AT_FDCWD, to, EXCHANGE) == 0;
      }
      if (mac.isPresent()) {
        MethodHandle renamex =
            linker.downcallHandle(
                mac.get(),
                FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_INT));
        return (int) renamex.invokeExact(from, to, EXCHANGE) == 0;
      }
      return false;
    } catch (RuntimeException | Error fault) {
      throw fault;
    } catch (Throwable fault) {
      throw new IOException(fault);
    }
  }
}
