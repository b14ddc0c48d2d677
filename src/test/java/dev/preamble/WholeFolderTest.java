package dev.preamble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders that several put in one place, and remove, at the same time. */
class WholeFolderTest {
  private static final int ROUNDS = 400;

  @TempDir Path folder;

  @Test
  void eachPutTakesItsPlaceAndEachRemovalGoesWellWhoeverElseIsAtIt() throws Exception {
    Path target = folder.resolve("target");
    List<Callable<Integer>> all =
        List.of(
            () -> puts(target, "one"),
            () -> puts(target, "two"),
            () -> removals(target),
            () -> removals(target));
    try (ExecutorService threads = Executors.newFixedThreadPool(all.size())) {
      List<Future<Integer>> done = new ArrayList<>();
      all.forEach(each -> done.add(threads.submit(each)));
      for (Future<Integer> each : done) {
        assertEquals(ROUNDS, each.get());
      }
    }
    WholeFolder.remove(target);
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(), left.toList());
    }
  }

  private int puts(Path target, String text) throws IOException {
    for (int round = 0; round < ROUNDS; round++) {
      Path filled = Files.createDirectory(folder.resolve(text + round));
      Files.writeString(filled.resolve("text"), text);
      WholeFolder.put(filled, target);
    }
    return ROUNDS;
  }

  private static int removals(Path target) {
    for (int round = 0; round < ROUNDS; round++) {
      WholeFolder.remove(target);
      assertTrue(isWholeOrGone(target));
    }
    return ROUNDS;
  }

  private static boolean isWholeOrGone(Path target) {
    try {
      return List.of("one", "two").contains(Files.readString(target.resolve("text")));
    } catch (java.nio.file.NoSuchFileException gone) {
      return true;
    } catch (IOException fault) {
      throw new UncheckedIOException(fault);
    }
  }
}
