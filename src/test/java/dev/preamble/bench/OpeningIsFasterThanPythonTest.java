package dev.preamble.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** From the start of a process to the model's first logits: sooner than with transformers. */
class OpeningIsFasterThanPythonTest {
  @Test
  void ofTheStoryModel() {
    Map<String, OpeningTimes> times = OpeningTimes.measure(Path.of("test-fixtures/stories15M"), 1);
    times.forEach(
        (name, time) ->
            System.out.printf(
                "[speed] stories15M to first logits, %s: %.0f ms, the whole process %.0f ms%n",
                name, 1000 * time.opening(), 1000 * time.whole()));
    OpeningTimes ours = times.get("preamble");
    times.values().forEach(time -> assertEquals(ours.token(), time.token()));
    assertTrue(ours.whole() < times.get("transformers").whole(), times::toString);
  }
}
