package dev.preamble.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * When the lines of {@code metrics.jsonl} are written, and that nothing is lost or out of order.
 */
class MetricsTest {
  private static final long SECOND = 1_000_000_000;

  @TempDir Path folder;

  private final AtomicLong clock = new AtomicLong(-5 * SECOND);
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("metrics.jsonl");
  }

  private static TrainingListener.Step step(int number) {
    return new TrainingListener.Step(number, 9, 2.5f, 1, 0.01, 4);
  }

  private int lines() throws IOException {
    return Files.readAllLines(file).size();
  }

  @Test
  void stepsAreWrittenOnceASecondAndBeforeWhatComesAfterThem() throws IOException {
    try (Metrics metrics = Metrics.open(file, 0, clock::get)) {
      metrics.step(step(1));
      assertEquals(0, lines());
      clock.addAndGet(SECOND);
      metrics.step(step(2));
      assertEquals(2, lines());
      clock.addAndGet(SECOND - 1);
      metrics.step(step(3));
      assertEquals(2, lines());
      metrics.epoch(new TrainingListener.Epoch(1, 3, 2.5, Optional.empty()));
      assertEquals(4, lines());
      metrics.step(step(4));
      assertEquals(Files.size(file) + line(4).length(), metrics.forced());
      assertEquals(5, lines());
      metrics.step(step(5));
    }
    assertEquals(List.of("1", "2", "3", "epoch", "4", "5"), replayed());
  }

  @Test
  void aFileGoesOnBehindItsFirstBytes() throws IOException {
    long bytes;
    try (Metrics metrics = Metrics.open(file, 0, clock::get)) {
      metrics.step(step(1));
      bytes = metrics.forced();
      metrics.step(step(2));
    }
    try (Metrics metrics = Metrics.open(file, bytes, clock::get)) {
      metrics.step(step(3));
    }
    assertEquals(List.of("1", "3"), replayed());
  }

  private static String line(int number) {
    return "{\"event\":\"step\",\"step\":%d,\"steps\":9,\"loss\":2.5,\"gradient_norm\":1.0,\"learning_rate\":0.01,\"rows\":4}%n"
        .formatted(number);
  }

  private List<String> replayed() throws IOException {
    List<String> heard = new ArrayList<>();
    Metrics.replay(
        file,
        Files.size(file),
        new TrainingListener() {
          @Override
          public void step(Step step) {
            heard.add(Integer.toString(step.number()));
          }

          @Override
          public void epoch(Epoch epoch) {
            heard.add("epoch");
          }
        });
    return heard;
  }
}
