package dev.preamble.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What computes is named on the command line; what cannot compute is refused in one line. */
class DeviceOptionTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void theProcessorIsNamedAndTakenWhenNothingIs() {
    assertEquals(0, score("--device", "cpu"));
    String named = out.toString();
    out.getBuffer().setLength(0);
    assertEquals(0, score());
    assertEquals(named, out.toString());
  }

  @Test
  void whatIsNoDeviceIsRefused() {
    assertEquals(2, score("--device", "gpu"));
    assertTrue(err.toString().contains("expected cpu, cuda, or cuda:N"), err.toString());
  }

  @Test
  void aFloat32ModelIsRefusedOnCudaWithWhatToDo() {
    assertEquals(2, score("--device", "cuda:1"));
    assertTrue(err.toString().contains("on cuda:1 expected a model"), err.toString());
    assertTrue(err.toString().contains("use the device cpu"), err.toString());
  }

  private int score(String... options) {
    CommandLine command = Preamble.commandLine();
    command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    String[] arguments = new String[options.length + 5];
    String[] fixed = {"score", "--model", "test-fixtures/stories260K", "--token-ids", "1,403,407"};
    System.arraycopy(fixed, 0, arguments, 0, fixed.length);
    System.arraycopy(options, 0, arguments, fixed.length, options.length);
    return command.execute(arguments);
  }
}
