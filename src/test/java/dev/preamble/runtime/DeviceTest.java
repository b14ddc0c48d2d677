package dev.preamble.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.preamble.PreambleException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Devices by name, and what is said where one cannot be had. */
class DeviceTest {
  private static final Path LIBRARY = Path.of("libonnxruntime.so");

  @Test
  void aNameIsADevice() {
    assertEquals(Device.CPU, Device.parse("cpu"));
    assertEquals(Device.cuda(0), Device.parse("cuda"));
    assertEquals(Device.cuda(12), Device.parse("cuda:12"));
    for (Device device : new Device[] {Device.CPU, Device.cuda(0), Device.cuda(3)}) {
      assertEquals(device, Device.parse(device.toString()));
    }
    assertThrows(IllegalArgumentException.class, () -> Device.cuda(-1));
    assertThrows(IllegalArgumentException.class, () -> new Device(Device.Kind.CPU, 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "gpu", "CPU", "cpu:0", "cuda:", "cuda:-1", "cuda:99999", "cuda: 1"})
  void whatNamesNoDeviceIsRefused(String name) {
    PreambleException refused = assertThrows(PreambleException.class, () -> Device.parse(name));
    assertTrue(refused.getMessage().endsWith("found \"" + name + "\""), refused.getMessage());
  }

  @Test
  void aDeviceThatCannotBeHadIsSaidWithWhatToDo() {
    assumeFalse(Devices.all().size() > 1, "there is a GPU here");
    SessionOptions options = SessionTest.ONE.withDevice(Device.cuda(0));
    OrtException refused =
        assertThrows(OrtException.class, () -> Session.open(TinyGraphs.chain(2), options));
    String said = refused.getMessage();
    assertTrue(said.startsWith("device cuda:0 cannot be used: ONNX Runtime, "), said);
    assertEquals(OrtException.Code.FAIL, refused.code());
    if (said.contains("not enabled in this build")) {
      assertTrue(said.contains(OnnxRuntime.path() + " computes on the CPU only"), said);
      assertTrue(said.contains("mvn -Pcuda"), said);
    } else {
      assertTrue(said.contains("lib"), said);
      assertTrue(said.contains("install"), said);
    }
  }

  @Test
  void aDeviceThatIsNotThereIsSaid() {
    assumeFalse(Devices.all().size() == 1, "there is no GPU here");
    SessionOptions options = SessionTest.ONE.withDevice(Device.cuda(99));
    OrtException refused =
        assertThrows(OrtException.class, () -> Session.open(TinyGraphs.chain(2), options));
    assertTrue(refused.getMessage().contains("device cuda:99"), refused.getMessage());
    assertTrue(refused.getMessage().contains("nvidia-smi"), refused.getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "CUDA execution provider is not enabled in this build.,mvn -Pcuda",
    "libcublasLt.so.12: cannot open shared object file,install CUDA 12",
    "libcuda.so.1: cannot open shared object file,install NVIDIA's driver",
    "CUDA failure 100: no CUDA-capable device is detected,install NVIDIA's driver",
    "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime,newer NVIDIA driver",
    "CUDA failure 101: invalid device ordinal,the first has number 0",
    "undefined symbol: cudaLibraryGetKernel version libcudart.so.12,another version",
    "CUDA failure 2: out of memory,nvidia-smi",
  })
  void eachFaultHasItsRemedy(String fault, String remedy) {
    String advice = CudaProvider.advice(fault, LIBRARY);
    assertTrue(advice.contains(remedy), advice);
    assertFalse(advice.isBlank());
  }
}
