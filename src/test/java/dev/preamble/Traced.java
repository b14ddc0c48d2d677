package dev.preamble;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * A program of this class path in a process of its own: with nothing but PATH in its environment, a
 * home of its own, and its network calls recorded where there is strace.
 */
public final class Traced implements AutoCloseable {
  private static final Pattern LOOPBACK =
      Pattern.compile("inet_addr\\(\"127\\.|\"::1\"|\"::ffff:127\\.");

  private final Path home;
  private final Path trace;
  private final boolean traced;
  private final Process process;

  private Traced(Path home, Class<?> main, List<String> arguments) throws IOException {
    this.home = home;
    this.trace = home.resolve("trace");
    this.traced = onPath("strace");
    List<String> command = new ArrayList<>();
    if (traced) {
      command.addAll(List.of("strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg"));
      command.addAll(List.of("-o", trace.toString()));
    } else {
      System.err.println("no strace here: network calls are not looked at, only files");
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
    builder.environment().put("HOME", home.toString());
    process = builder.start();
  }

  /** Starts {@code main} with its home in the empty folder {@code home}. */
  public static Traced start(Path home, Class<?> main, Object... arguments) throws IOException {
    List<String> texts = new ArrayList<>();
    for (Object argument : arguments) {
      texts.add(argument.toString());
    }
    return new Traced(home, main, texts);
  }

  /** The running process; standard error comes with its output. */
  public Process process() {
    return process;
  }

  /** Waits for the end and gives what was printed. */
  public String await(int expectedCode) throws IOException, InterruptedException {
    String output = new String(process.getInputStream().readAllBytes());
    int code = process.waitFor();
    if (code != expectedCode) {
      throw new AssertionError("exit code %d: %s".formatted(code, output));
    }
    return output;
  }

  /** Whether network calls are recorded. */
  public boolean isTraced() {
    return traced;
  }

  /** The recorded calls that reach for an internet address of another machine. */
  public List<String> callsToOthers() throws IOException {
    return calls(call -> !LOOPBACK.matcher(call).find());
  }

  /** The recorded calls with any internet address. */
  public List<String> calls() throws IOException {
    return calls(call -> true);
  }

  private List<String> calls(Predicate<String> wanted) throws IOException {
    return traced
        ? Files.readAllLines(trace).stream()
            .filter(call -> call.contains("AF_INET"))
            .filter(wanted)
            .toList()
        : List.of();
  }

  /** The files that appeared in the home, as paths from there. */
  public List<String> files() throws IOException {
    try (var files = Files.walk(home)) {
      return files
          .filter(Files::isRegularFile)
          .map(home::relativize)
          .map(Path::toString)
          .filter(file -> !file.equals("trace"))
          .toList();
    }
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
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
