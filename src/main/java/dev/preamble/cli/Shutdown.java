package dev.preamble.cli;

import dev.preamble.server.PreambleServer;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * How the process ends: the first signal lets a server finish what it has begun, a second one ends
 * the process at once.
 */
final class Shutdown {
  private static final AtomicBoolean SIGNALLED = new AtomicBoolean();

  private Shutdown() {}

  /** Makes the end of the process, by a signal too, close {@code server} first. */
  static void closeWithProcess(PreambleServer server) {
    Runtime.getRuntime().addShutdownHook(new Thread(server::close, "preamble-shutdown"));
    handle("TERM", 15);
    handle("INT", 2);
  }

  /**
   * The JVM drops signals that come while it shuts down, and only sun.misc.Signal can change that.
   * It is asked for by name, for the compiler warns of it; where there is none, or signals are
   * disabled, a second signal changes nothing.
   */
  private static void handle(String name, int number) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object ours =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (proxy, method, arguments) -> {
                if (method.getName().equals("handle")) {
                  end(128 + number);
                  return null;
                }
                return method.getName().equals("equals") ? proxy == arguments[0] : number;
              });
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), ours);
    } catch (ReflectiveOperationException | IllegalArgumentException unavailable) {
      System.getLogger(Shutdown.class.getName())
          .log(System.Logger.Level.DEBUG, "signals cannot be handled", unavailable);
    }
  }

  private static void end(int code) {
    if (SIGNALLED.getAndSet(true)) {
      Runtime.getRuntime().halt(code);
    }
    Thread.ofPlatform().name("preamble-signal").start(() -> System.exit(code));
  }
}
