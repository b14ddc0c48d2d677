package dev.preamble.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;

class OracleTest {
  @Test
  void realPeftAnswers() {
    assertEquals("0.21.0", Oracle.shared().call("hello", Map.of()).at("/versions/peft").asText());
  }

  @Test
  void aFailedCommandShowsPythonsTracebackAndTheProcessGoesOn() {
    Oracle oracle = Oracle.shared();
    AssertionFailedError failure =
        assertThrows(
            AssertionFailedError.class,
            () -> oracle.call("decode", Map.of("model", "none", "token_ids", new int[0][])));
    assertTrue(failure.getMessage().contains("Traceback"), failure.getMessage());
    realPeftAnswers();
  }
}
