package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Puts a session on an NVIDIA GPU, and says what to do where that cannot be. */
final class CudaProvider {
  private static final String LIBRARY = System.mapLibraryName("onnxruntime_providers_cuda");

  private CudaProvider() {}

  /** Has sessions made with the native options at {@code options} compute on {@code device}. */
  static void append(long options, Device device) {
    try {
      long provider = Ort.make(OrtApi.CREATE_CUDA_PROVIDER_OPTIONS);
      try (Arena arena = Arena.ofConfined()) {
        update(provider, settings(device), arena);
        Ort.call(OrtApi.APPEND_CUDA_PROVIDER, options, provider);
      } finally {
        Ort.release(OrtApi.RELEASE_CUDA_PROVIDER_OPTIONS, provider);
      }
    } catch (OrtException e) {
      throw explained(e, device);
    }
  }

  /**
   * Products of float32 are float32, not TF32, which would round inputs to 10 bits. Memory grows by
   * what is asked for, not by doubling.
   */
  private static Map<String, String> settings(Device device) {
    return Map.of(
        "device_id", Integer.toString(device.number()),
        "use_tf32", "0",
        "arena_extend_strategy", "kSameAsRequested");
  }

  private static void update(long provider, Map<String, String> settings, Arena arena) {
    MemorySegment keys = arena.allocate(JAVA_LONG, settings.size());
    MemorySegment values = arena.allocate(JAVA_LONG, settings.size());
    int index = 0;
    for (Map.Entry<String, String> setting : settings.entrySet()) {
      keys.setAtIndex(JAVA_LONG, index, arena.allocateFrom(setting.getKey()).address());
      values.setAtIndex(JAVA_LONG, index, arena.allocateFrom(setting.getValue()).address());
      index++;
    }
    Ort.call(
        OrtApi.UPDATE_CUDA_PROVIDER_OPTIONS,
        provider,
        keys.address(),
        values.address(),
        settings.size());
  }

  /** {@code fault}, met on {@code device}, with what the library leaves out and what to do. */
  static OrtException explained(OrtException fault, Device device) {
    String said = fault.getMessage();
    boolean silent = said.contains("Failed to load") && !said.contains("cannot open shared object");
    String found = silent ? missing() : "";
    return fault.in(
        "device " + device + " cannot be used",
        (found.isEmpty() ? "" : found + "; ") + advice(said + found, OnnxRuntime.path()));
  }

  /** What the system says of the provider's library; ONNX Runtime itself may name no file. */
  private static String missing() {
    Path library = OnnxRuntime.path().resolveSibling(LIBRARY);
    return Files.isRegularFile(library)
        ? Foreign.refusal(library)
        : library + " is not there, and has to lie beside libonnxruntime";
  }

  /** What mends the fault that {@code said} tells of. */
  static String advice(String said, Path library) {
    if (said.contains("not enabled in this build")) {
      return library
          + " computes on the CPU only: build this program with mvn -Pcuda, or name a"
          + " libonnxruntime built for CUDA with --onnxruntime or "
          + Library.VARIABLE
          + ", or use the device cpu";
    }
    if (said.contains("libcuda.so") || said.contains("no CUDA-capable device")) {
      return "install NVIDIA's driver (nvidia-smi must list a device), or use the device cpu";
    }
    if (said.contains("driver version is insufficient")) {
      return "install a newer NVIDIA driver: this one is older than the CUDA that is used";
    }
    if (said.contains("invalid device ordinal")) {
      return "nvidia-smi lists the devices that there are; the first has number 0";
    }
    if (said.contains("undefined symbol")) {
      return "the CUDA that was found is another version than the library was built for: install a"
          + " newer CUDA 12, or name a libonnxruntime built for the one that is here with --onnxruntime or "
          + Library.VARIABLE;
    }
    if (said.contains("cannot open shared object") || said.contains("Failed to load")) {
      return "install CUDA 12 (cudart, cuBLAS, cuRAND) and cuDNN 9 where the system looks for"
          + " libraries (LD_LIBRARY_PATH), or name a libonnxruntime built for the CUDA that is here"
          + " with --onnxruntime or "
          + Library.VARIABLE;
    }
    return "nvidia-smi shows whether the device works; the device cpu always does";
  }
}
