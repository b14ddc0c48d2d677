package dev.preamble.peft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Law 8, as far as adapters go: a crash loses no adapter. A process that saves adapters over one
 * another is killed again and again; after each kill one of them stands there whole.
 */
@Timeout(300)
class Law8ACrashLosesNoAdapterTest {
  private static final List<String> NAMES = List.of("prompt-gpt2", "prefix-gpt2", "multitask-gpt2");
  private static final int KILLS = 12;

  @TempDir Path folder;

  /** What the killed process does: saves the adapters named, over one another, for ever. */
  static final class Saver {
    public static void main(String[] arguments) {
      List<Adapter> adapters =
          NAMES.stream().map(name -> Adapter.open(Fixtures.ADAPTERS.resolve(name))).toList();
      Path target = Path.of(arguments[0]);
      adapters.forEach(adapter -> adapter.save(target));
      System.out.println("saving");
      for (int i = 0; ; i++) {
        adapters.get(i % adapters.size()).save(target);
      }
    }
  }

  @Test
  void killedAtAnyPointOneOfTheAdaptersIsThereWhole() throws Exception {
    Map<String, String> names = new HashMap<>();
    for (String name : NAMES) {
      names.put(Adapter.open(Fixtures.ADAPTERS.resolve(name)).digest(), name);
    }
    Path target = folder.resolve("adapter");
    Files.createDirectories(target);
    Files.writeString(target.resolve("metrics.jsonl"), "kept");
    Map<String, Integer> found = new TreeMap<>();
    Random random = new Random(1);
    for (int i = 0; i < KILLS; i++) {
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Saver.class.getName(),
                  target.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try (var lines = process.inputReader()) {
        assertEquals("saving", lines.readLine());
        process.waitFor(random.nextInt(150_000), TimeUnit.MICROSECONDS);
        process.destroyForcibly().waitFor();
      }
      Adapter survivor = Adapter.open(target);
      assertTrue(names.containsKey(survivor.digest()), "neither the old adapter nor a new one");
      found.merge(names.get(survivor.digest()), 1, Integer::sum);
      assertEquals("kept", Files.readString(target.resolve("metrics.jsonl")));
    }
    assertTrue(found.size() > 1, "the kills all came at one point: " + found);
    NAMES.forEach(name -> Adapter.open(Fixtures.ADAPTERS.resolve(name)).save(target));
    assertEquals(
        List.of("README.md", "adapter_config.json", "adapter_model.safetensors", "metrics.jsonl"),
        list(target));
  }

  @Test
  void aReaderBesideASaverSeesOneAdapterOrAnother() throws Exception {
    List<Adapter> adapters =
        NAMES.stream().map(name -> Adapter.open(Fixtures.ADAPTERS.resolve(name))).toList();
    List<String> digests = adapters.stream().map(Adapter::digest).toList();
    Path target = folder.resolve("adapter");
    adapters.getFirst().save(target);
    Thread saver =
        Thread.ofPlatform()
            .start(
                () -> {
                  for (int i = 0; i < 100; i++) {
                    adapters.get(i % adapters.size()).save(target);
                  }
                });
    int opened = 0;
    while (saver.isAlive()) {
      assertTrue(digests.contains(Adapter.open(target).digest()));
      opened++;
    }
    assertTrue(opened > 3, "only " + opened + " readings");
  }

  /** Names in {@code folder}, but for the hidden file that a killed write may leave. */
  private static List<String> list(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files
          .map(path -> path.getFileName().toString())
          .filter(name -> !name.matches("\\..*\\.[0-9a-f]{8}\\.tmp"))
          .sorted()
          .toList();
    }
  }
}
