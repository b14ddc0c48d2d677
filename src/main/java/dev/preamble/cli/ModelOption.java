package dev.preamble.cli;

import dev.preamble.PreambleException;
import dev.preamble.model.FrozenModel;
import dev.preamble.runtime.Device;
import dev.preamble.runtime.OnnxRuntime;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The frozen model that a command works with, and what computes it. */
final class ModelOption {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Folder of the exported model.")
  private Path folder;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that compute; all processors if not given.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      converter = DeviceConverter.class,
      defaultValue = "cpu",
      description = "What computes: cpu, cuda, or cuda:N; ${DEFAULT-VALUE} if not given.")
  private Device device;

  @Option(
      names = "--onnxruntime",
      paramLabel = "FILE",
      description = "A libonnxruntime to use in place of the one that comes with this program.")
  private Optional<Path> library = Optional.empty();

  private static final class DeviceConverter implements ITypeConverter<Device> {
    @Override
    public Device convert(String text) {
      try {
        return Device.parse(text);
      } catch (PreambleException refused) {
        throw new TypeConversionException(refused.getMessage());
      }
    }
  }

  FrozenModel open() {
    return FrozenModel.open(folder, device());
  }

  /** The device, the library that reaches it being named. */
  Device device() {
    library.ifPresent(OnnxRuntime::use);
    return device;
  }

  Path folder() {
    return folder;
  }

  /**
   * Threads that compute.
   *
   * @throws UsageException if they are fewer than one
   */
  int threads() {
    return atLeastOne(threads);
  }

  /** Refuses a value of {@code --threads} that nothing can be computed with. */
  static int atLeastOne(int threads) {
    if (threads < 1) {
      throw new UsageException("--threads: expected at least 1, found " + threads);
    }
    return threads;
  }
}
