package dev.preamble.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Every restricted method of Java's foreign-function API that this package uses: a wrong address or
 * type given here crashes the process.
 */
@SuppressWarnings("restricted")
final class Foreign {
  private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private Foreign() {}

  /** A function of the C library. */
  static Optional<MethodHandle> libc(String name, FunctionDescriptor type) {
    return Linker.nativeLinker()
        .defaultLookup()
        .find(name)
        .map(address -> function(address.address(), type));
  }

  /** The function at an address. */
  static MethodHandle function(long address, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(MemorySegment.ofAddress(address), type);
  }

  /**
   * The address of a function that calls the static {@code method} of {@code caller}'s class, which
   * must throw nothing; it stays for good.
   */
  static long callback(MethodHandles.Lookup caller, String method, FunctionDescriptor type) {
    try {
      MethodHandle target = caller.findStatic(caller.lookupClass(), method, type.toMethodType());
      return Linker.nativeLinker().upcallStub(target, type, Arena.global()).address();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The symbols of a library, loaded for good; an IllegalArgumentException if it cannot be. */
  static SymbolLookup symbols(Path library) {
    return SymbolLookup.libraryLookup(library, Arena.global());
  }

  /** Why the system does not load a library, in its own words. */
  static String refusal(Path library) {
    try {
      System.load(library.toString());
      return "the system loads it, but Java cannot look into it";
    } catch (UnsatisfiedLinkError e) {
      return e.getMessage();
    }
  }

  /** Memory at an address, for as long as the caller knows it to be there. */
  static MemorySegment memory(long address, long bytes) {
    return ALL.asSlice(address, bytes);
  }

  /** Memory at an address that ends for Java when {@code arena} does. */
  static MemorySegment memory(long address, long bytes, Arena arena) {
    return MemorySegment.ofAddress(address).reinterpret(bytes, arena, ended -> {});
  }

  /** The zero-terminated UTF-8 string at an address. */
  static String string(long address) {
    return MemorySegment.ofAddress(address).reinterpret(Long.MAX_VALUE).getString(0);
  }
}
