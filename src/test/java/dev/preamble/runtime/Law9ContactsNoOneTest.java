package dev.preamble.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
    Path trace = home.resolve("trace");
    boolean traced = onPath("strace");
    List<String> command = new ArrayList<>();
    if (traced) {
      command.addAll(List.of("strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg"));
      command.addAll(List.of("-o", trace.toString()));
    } else {
      System.err.println("no strace here: only sockets still open at the end are looked for");
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Child.class.getName()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
    builder.environment().put("HOME", home.toString());
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes());
    assertEquals(0, process.waitFor(), output);

    assertTrue(output.contains("ORT_DISABLE_TELEMETRY=1\n"), output);
    assertTrue(output.contains("open="), output);
    assertTrue(!output.contains("open=socket:"), output);
    if (traced) {
      List<String> calls =
          Files.readAllLines(trace).stream().filter(call -> call.contains("AF_INET")).toList();
      assertEquals(List.of(), calls);
    }
    List<String> appeared = files().stream().filter(file -> !file.equals("trace")).toList();
    assertTrue(!appeared.isEmpty(), "the library was not unpacked");
    for (String file : appeared) {
      assertTrue(file.matches("\\.cache/preamble/onnxruntime-[^/]+/[^/]*onnxruntime[^/]*"), file);
    }
  }

  private List<String> files() throws IOException {
    try (var files = Files.walk(home)) {
      return files.filter(Files::isRegularFile).map(home::relativize).map(Path::toString).toList();
    }
  }

  private static boolean onPath(String program) {
    for (String folder : System.getenv("PATH").split(":")) {
      if (Files.isExecutable(Path.of(folder, program))) {
        return true;
      }
    }
    return false;
  }
}
