package dev.preamble.peft;

import dev.preamble.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Opening an adapter from a warm page cache, beside reading the bytes of its files. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 3, time = 2)
public class AdapterOpenBenchmark {
  /** A prompt of 20 x 4096, 328 kB, or a prefix of 48 tokens for 32 layers of 8 x 128, 12.6 MB. */
  @Param({"prompt", "prefix"})
  public String adapter;

  private Path directory;

  /** Writes the adapter. */
  @Setup(Level.Trial)
  public void write() throws IOException {
    directory = Files.createTempDirectory("adapter");
    BaseModel base = new BaseModel("base", new ModelShape(4096, 32, 32, 8, 128));
    if (adapter.equals("prompt")) {
      PromptTuning.of(base, 20, gaussian(20 * 4096)).save(directory);
    } else {
      PrefixTuning.of(base, 48, gaussian(48 * 32 * 2 * 8 * 128)).save(directory);
    }
  }

  /** Deletes the adapter. */
  @TearDown(Level.Trial)
  public void delete() throws IOException {
    try (var files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }

  /** Everything checked, values included. */
  @Benchmark
  public Adapter open() {
    return Adapter.open(directory);
  }

  /** The tensor file alone, mapped: header checked, no value touched. */
  @Benchmark
  public int map() {
    try (SafetensorsFile file =
        SafetensorsFile.open(directory.resolve("adapter_model.safetensors"))) {
      return file.names().size();
    }
  }

  /** The yardstick: the bytes of both files. */
  @Benchmark
  public int readBytes() throws IOException {
    return Files.readAllBytes(directory.resolve("adapter_config.json")).length
        + Files.readAllBytes(directory.resolve("adapter_model.safetensors")).length;
  }

  private static float[] gaussian(int count) {
    Random random = new Random(1);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
