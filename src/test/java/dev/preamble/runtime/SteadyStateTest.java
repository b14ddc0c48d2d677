package dev.preamble.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** However long it runs, a program holds the memory that it held after warming up. */
class SteadyStateTest {
  private static final int RUNS = 30_000;
  private static final long SLACK = 24 << 20;

  @Test
  void bindingAndRunningMakeNoGarbage() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Session session = Session.open(TinyGraphs.chain(2), SessionTest.ONE);
        Binding binding = session.bind();
        RunOptions options = new RunOptions();
        Tensor one = Tensor.floats(new float[] {2}, 1, 1);
        Tensor two = Tensor.floats(new float[] {3}, 1, 1);
        Tensor y = Tensor.allocate(ElementType.FLOAT32, 1, 1)) {
      binding.bindOutput("y", y);
      steps(binding, options, one, two, 2_000);
      long least = Long.MAX_VALUE;
      for (int round = 0; round < 5; round++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        steps(binding, options, one, two, 1_000);
        least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
      }
      assertEquals(0, least, "bytes in 1,000 steps, the least of five rounds");
      assertEquals(27, y.toFloats()[0]);
    }
  }

  private static void steps(
      Binding binding, RunOptions options, Tensor one, Tensor two, int count) {
    for (int step = 0; step < count; step++) {
      binding.bindInput("x", one);
      binding.run(options);
      binding.bindInput("x", two);
      binding.run(options);
    }
  }

  /** A process of its own, with a heap that is there from the start: what grows is native. */
  @Test
  void thirtyThousandRunsOfEveryKindKeepMemoryFlat() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Xms64m",
                "-Xmx64m",
                "-XX:+AlwaysPreTouch",
                "-cp",
                System.getProperty("java.class.path"),
                Churn.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes());
    assertEquals(0, process.waitFor(), output);
    long grown = Long.parseLong(output.strip());
    assertTrue(grown < SLACK, RUNS + " runs took " + grown + " bytes");
  }

  /** The child process: runs, and prints by how many bytes its own memory grew. */
  static final class Churn {
    private Churn() {}

    public static void main(String[] arguments) throws IOException {
      byte[] graph = TinyGraphs.chain(2);
      try (Session session = Session.open(graph, SessionTest.ONE);
          Binding binding = session.bind()) {
        binding.bindOutput("y");
        churn(graph, session, binding, RUNS / 10);
        long before = Memory.privateBytes();
        churn(graph, session, binding, RUNS);
        System.out.println(Memory.privateBytes() - before);
      }
    }
  }

  /** Calls, bindings with fresh outputs of changing size, failures, now and then a session. */
  private static void churn(byte[] graph, Session session, Binding binding, int runs) {
    for (int run = 0; run < runs; run++) {
      int size = 16 + run % 16;
      try (Tensor x = Tensor.allocate(ElementType.FLOAT32, size, size)) {
        switch (run % 3) {
          case 0 -> session.run(Map.of("x", x)).get("y").close();
          case 1 -> {
            binding.bindInput("x", x);
            binding.run();
            assertEquals(size * size, binding.output("y").size());
          }
          default -> {
            try (Tensor bad = x.view(0, 1, size)) {
              session.run(Map.of("x", bad));
            } catch (OrtException expected) {
              assertTrue(expected.getMessage().contains("MatMul"), expected.getMessage());
            }
          }
        }
      }
      if (run % 300 == 0) {
        Session.open(graph, SessionTest.ONE).close();
      }
    }
  }
}
