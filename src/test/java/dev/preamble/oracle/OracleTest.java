package dev.preamble.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;

class OracleTest {
  @Test
  void realPeftAnswers() {
    assertEquals("0.21.0", Oracle.shared().call("hello", Map.of()).at("/versions/peft").asText());
  }

  /** Maven gives the tests' JVM a setting of malloc that training has and PEFT's users have not. */
  @Test
  void pythonHasMemoryAsItsUsersHaveIt() throws Exception {
    String told =
        "import os, sys; sys.exit('tunables ' + os.environ.get('GLIBC_TUNABLES', 'none'))";
    Oracle oracle = new Oracle(List.of(PythonEnvironment.python().toString(), "-c", told));
    AssertionFailedError failure =
        assertThrows(AssertionFailedError.class, () -> oracle.call("hello", Map.of()));
    assertTrue(failure.getMessage().contains("tunables none"), failure.getMessage());
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

  /** A child of the process may hold its output open longer than it lives itself. */
  @ParameterizedTest
  @ValueSource(
      strings = {"", "import subprocess; subprocess.Popen(['sh', '-c', 'cat >/dev/null; true']); "})
  @Timeout(120)
  void aProcessThatDiesAtItsImportsFailsTheTestWithPythonsWords(String before) throws Exception {
    Oracle oracle =
        new Oracle(
            List.of(PythonEnvironment.python().toString(), "-c", before + "import no_such_module"));
    for (int call = 0; call < 2; call++) {
      AssertionFailedError failure =
          assertThrows(AssertionFailedError.class, () -> oracle.call("hello", Map.of()));
      assertTrue(failure.getMessage().contains("no_such_module"), failure.getMessage());
    }
  }
}
