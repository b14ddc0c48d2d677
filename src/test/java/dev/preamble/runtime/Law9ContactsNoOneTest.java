package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.preamble.Traced;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Law 9: the program contacts no one. A fresh process without any setting runs a session; nothing
 * but the unpacked library appears in its home, and no socket of its is connected or sent to.
 */
class Law9ContactsNoOneTest {
  @TempDir Path home;

  /** The child process: runs a session, then says what it is. */
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) throws Throwable {
      try (Session session = Session.open(TinyGraphs.chain(2), SessionOptions.defaults());
          Tensor x = Tensor.floats(new float[] {2}, 1, 1)) {
        session.run(Map.of("x", x)).get("y").close();
      }
      System.out.println("ORT_DISABLE_TELEMETRY=" + environment("ORT_DISABLE_TELEMETRY"));
      try (var descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
        for (Path descriptor : descriptors) {
          if (Files.isSymbolicLink(descriptor)) {
            System.out.println("open=" + Files.readSymbolicLink(descriptor));
          }
        }
      }
    }

    /** A variable as the C library has it now, which Java's own copy does not show. */
    private static String environment(String name) throws Throwable {
      try (Arena arena = Arena.ofConfined()) {
        FunctionDescriptor type = FunctionDescriptor.of(JAVA_LONG, ADDRESS);
        long value =
            (long) Foreign.libc("getenv", type).orElseThrow().invokeExact(arena.allocateFrom(name));
        return value == 0 ? "" : Foreign.string(value);
      }
    }
  }

  @Test
  void aSessionLeavesNothingButTheLibraryAndContactsNoOne() throws Exception {
    try (Traced run = Traced.start(home, Child.class)) {
      String output = run.await(0);
      assertTrue(output.contains("ORT_DISABLE_TELEMETRY=1\n"), output);
      assertTrue(output.contains("open="), output);
      assertTrue(!output.contains("open=socket:"), output);
      assertEquals(List.of(), run.calls());
      assertTrue(!run.files().isEmpty(), "the library was not unpacked");
      for (String file : run.files()) {
        assertTrue(file.matches("\\.cache/preamble/onnxruntime-[^/]+/[^/]*onnxruntime[^/]*"), file);
      }
    }
  }
}
