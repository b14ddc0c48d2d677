package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The memory of the device that a session computes on. Java cannot read or write it; it is copied
 * to and from by running the graph y = x on the device over bytes. (ONNX Runtime's own CopyTensors
 * came with version 1.23, and knows only devices whose library was registered with the environment;
 * a run serves every version and every device alike.)
 */
final class DeviceMemory implements AutoCloseable {
  private static final int ARENA_ALLOCATOR = 1;
  private static final int MEMORY_DEFAULT = 0;

  /** The largest piece of zeros that is copied at once, in bytes. */
  private static final long ZEROS = 1 << 20;

  private final Device device;
  private final long info;
  private final long allocator;
  private final Handle handle;
  private Optional<Session> copying = Optional.empty();
  private Optional<Binding> copier = Optional.empty();

  /** The memory that {@code session} takes for {@code device}; holds the session. */
  DeviceMemory(Session session, Device device) {
    this.device = device;
    long owner = session.handle().hold();
    long made = 0;
    try {
      made = info(device);
      this.info = made;
      this.allocator = Ort.make(OrtApi.CREATE_ALLOCATOR, owner, made);
    } catch (RuntimeException | Error e) {
      if (made != 0) {
        Ort.release(OrtApi.RELEASE_MEMORY_INFO, made);
      }
      session.handle().release();
      throw e;
    }
    this.handle =
        new Handle(
            "memory of " + device,
            allocator,
            () -> {
              copier.ifPresent(Binding::close);
              copying.ifPresent(Session::close);
              Ort.release(OrtApi.RELEASE_ALLOCATOR, allocator);
              Ort.release(OrtApi.RELEASE_MEMORY_INFO, info);
              session.handle().release();
            });
  }

  private static long info(Device device) {
    try (Arena arena = Arena.ofConfined()) {
      long name = arena.allocateFrom(device.isCpu() ? "Cpu" : "Cuda").address();
      MemorySegment result = arena.allocate(JAVA_LONG);
      Ort.check(
          (long)
              OrtApi.CREATE_MEMORY_INFO.invokeExact(
                  name, ARENA_ALLOCATOR, device.number(), MEMORY_DEFAULT, result.address()));
      return result.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw Ort.thrown(e);
    }
  }

  Device device() {
    return device;
  }

  /** The {@code OrtMemoryInfo} of this memory. */
  long info() {
    return info;
  }

  /** The address of {@code bytes} bytes, which hold this memory until they are given back. */
  long take(long bytes) {
    long from = handle.hold();
    try {
      return Ort.make(OrtApi.ALLOCATOR_ALLOC, from, Math.max(bytes, 1));
    } catch (RuntimeException | Error e) {
      handle.release();
      throw e;
    }
  }

  /** Gives back what was taken. */
  void give(long address) {
    Ort.call(OrtApi.ALLOCATOR_FREE, allocator, address);
    handle.release();
  }

  /** Writes zeros over all of {@code tensor}, which lies in this memory. */
  void clear(Tensor tensor) {
    long bytes = tensor.bytes();
    try (Tensor zeros = Tensor.allocate(ElementType.UINT8, Math.min(bytes, ZEROS))) {
      for (long done = 0; done < bytes; done += ZEROS) {
        copy(zeros, 0, tensor, done, Math.min(ZEROS, bytes - done));
      }
    }
  }

  /**
   * Copies bytes between two tensors, either or both of them in this memory.
   *
   * @param from where the copied bytes begin in {@code source}
   * @param to where they go to in {@code target}
   */
  synchronized void copy(Tensor source, long from, Tensor target, long to, long bytes) {
    if (bytes == 0) {
      return;
    }
    try (Tensor x = source.bytes(from, bytes);
        Tensor y = target.bytes(to, bytes)) {
      Binding binding = copier();
      binding.bindInput("x", x);
      binding.bindOutput("y", y);
      try {
        binding.run();
      } finally {
        binding.clear();
      }
    }
  }

  private Binding copier() {
    if (copier.isEmpty()) {
      SessionOptions options =
          SessionOptions.defaults()
              .withThreads(1)
              .withOptimization(SessionOptions.Optimization.NONE)
              .withDevice(device);
      copying = Optional.of(Session.open(copyGraph(), options));
      copier = Optional.of(copying.get().bind());
    }
    return copier.get();
  }

  /** The graph y = x over bytes. */
  static byte[] copyGraph() {
    try (InputStream graph = DeviceMemory.class.getResourceAsStream("copy.onnx")) {
      return graph.readAllBytes();
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }

  /** The session lets go; tensors in this memory keep it. */
  @Override
  public void close() {
    handle.close();
  }
}
