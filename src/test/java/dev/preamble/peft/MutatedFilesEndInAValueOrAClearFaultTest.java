package dev.preamble.peft;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import dev.preamble.PreambleException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * 10,000 damaged files, the same ones each run: every one opens as a value that says so, or is
 * refused with a fault that names the file; nothing hangs and nothing allocates beyond a small cap.
 */
@Timeout(300)
class MutatedFilesEndInAValueOrAClearFaultTest {
  private static final long ALLOCATION_CAP = 24L << 20;
  private static final long NANOS_CAP = 5_000_000_000L;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @TempDir Path folder;

  private interface Change {
    byte[] of(Mutants mutants, byte[] original) throws IOException;
  }

  @Test
  void configurations() throws IOException {
    Path fixture = Fixtures.ADAPTERS.resolve("cpt-llama");
    mutate(1, 2500, fixture, "adapter_config.json", Mutants::mutant);
  }

  @Test
  void tensorFiles() throws IOException {
    Path fixture = Fixtures.ADAPTERS.resolve("multitask-gpt2");
    mutate(2, 1500, fixture, "adapter_model.safetensors", Mutants::mutant);
  }

  /** The length stays right, so that damage reaches the header's meaning. */
  @Test
  void tensorFileHeaders() throws IOException {
    Path fixture = Fixtures.ADAPTERS.resolve("multitask-gpt2");
    mutate(
        3,
        2500,
        fixture,
        "adapter_model.safetensors",
        (mutants, original) -> {
          int length = (int) ByteBuffer.wrap(original).order(ByteOrder.LITTLE_ENDIAN).getLong();
          byte[] header = mutants.mutant(Arrays.copyOfRange(original, 8, 8 + length));
          return ByteBuffer.allocate(header.length + original.length - length)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(header.length)
              .put(header)
              .put(original, 8 + length, original.length - 8 - length)
              .array();
        });
  }

  @Test
  void torchArchives() throws IOException {
    Path fixture = Path.of("test-fixtures/adapters-old/0.6.2/multitask-gpt2");
    mutate(4, 1500, fixture, "adapter_model.bin", Mutants::mutant);
  }

  /** The archive stays whole, so that damage reaches the pickle's meaning. */
  @Test
  void picklesInWholeTorchArchives() throws IOException {
    Path fixture = Path.of("test-fixtures/adapters-old/0.6.2/multitask-gpt2");
    mutate(
        5,
        2000,
        fixture,
        "adapter_model.bin",
        (mutants, original) -> {
          ByteArrayOutputStream bytes = new ByteArrayOutputStream();
          try (ZipFile in = new ZipFile(fixture.resolve("adapter_model.bin").toFile());
              ZipOutputStream out = new ZipOutputStream(bytes)) {
            for (ZipEntry entry : Collections.list(in.entries())) {
              byte[] content = in.getInputStream(entry).readAllBytes();
              if (entry.getName().endsWith("data.pkl")) {
                content = mutants.mutant(content);
              }
              out.putNextEntry(Torch.stored(entry.getName(), content));
              out.write(content);
            }
          }
          return bytes.toByteArray();
        });
  }

  private void mutate(long seed, int count, Path fixture, String file, Change change)
      throws IOException {
    Path directory = folder.resolve("adapter");
    Files.createDirectories(directory);
    try (var files = Files.list(fixture)) {
      for (Path source : files.toList()) {
        Files.copy(source, directory.resolve(source.getFileName()));
      }
    }
    byte[] original = Files.readAllBytes(fixture.resolve(file));
    Mutants mutants = new Mutants(seed);
    int values = 0;
    for (int i = 0; i < count; i++) {
      byte[] mutant = change.of(mutants, original);
      Files.write(directory.resolve(file), mutant);
      long allocated = THREADS.getCurrentThreadAllocatedBytes();
      long started = System.nanoTime();
      try {
        Adapter adapter = Adapter.open(directory);
        adapter.digest();
        values++;
      } catch (PreambleException fault) {
        assertTrue(
            fault.getMessage().startsWith(directory.toString()),
            () -> "the fault names no file: " + fault.getMessage() + describe(mutant));
      } catch (Throwable other) {
        fail("mutant " + i + " ended in " + other + describe(mutant), other);
      }
      long spent = THREADS.getCurrentThreadAllocatedBytes() - allocated;
      assertTrue(
          spent < ALLOCATION_CAP, () -> "%,d bytes allocated".formatted(spent) + describe(mutant));
      assertTrue(System.nanoTime() - started < NANOS_CAP, () -> "too slow" + describe(mutant));
    }
    assertTrue(values < count / 2, values + " of " + count + " mutants passed as whole");
    assertTrue(values > 0, "no mutant left the file readable: the changes are too coarse");
  }

  private static String describe(byte[] mutant) {
    return "\n" + HexFormat.of().formatHex(mutant, 0, Math.min(mutant.length, 4000));
  }
}
