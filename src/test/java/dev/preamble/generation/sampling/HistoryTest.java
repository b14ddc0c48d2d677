package dev.preamble.generation.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

/** Repetition counts prompt and completion, frequency and presence the completion alone. */
class HistoryTest {
  @Test
  void eachPenaltyTakesWhatItsDefinitionSays() {
    History history = new History(new Penalties(2, 0.5, 0.25), new int[] {0, 1, 1}, 6);
    history.add(1);
    history.add(2);
    history.add(2);
    history.add(2);
    history.add(3);
    float[] logits = {4, 4, 4, -4, -4, 4};
    history.penalise(logits);
    float[] expected = {
      4f / 2, 4f / 2 - 0.5f - 0.25f, 4f / 2 - 3 * 0.5f - 0.25f, -4f * 2 - 0.5f - 0.25f, -4, 4
    };
    assertArrayEquals(expected, logits, 1e-6f);
  }

  @Test
  void nothingIsTakenWhereNothingIsPenalised() {
    History history = new History(Penalties.NONE, new int[] {0}, 2);
    history.add(1);
    float[] logits = {1, -1};
    history.penalise(logits);
    assertArrayEquals(new float[] {1, -1}, logits);
  }
}
