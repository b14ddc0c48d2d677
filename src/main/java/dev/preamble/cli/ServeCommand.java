package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.server.PreambleServer;
import dev.preamble.server.ServerConfig;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code serve}: a model and a folder of adapters over HTTP, until the process is told to end. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description =
        "Serves a model, and each adapter of a folder as a model of its own, over HTTP in OpenAI's shapes. /openapi.yaml of the server describes all that it answers. Each option may also stand in a file (--config), as in 'port: 8080', or in the environment, as PREAMBLE_PORT; the command line goes first, the environment second.")
final class ServeCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Mixin private ModelOption model;
  @Mixin private AdapterOptions adapters;
  @Mixin private AddressOptions address;
  @Mixin private LimitOptions limits;
  @Mixin private EngineLimitOptions engine;

  @Option(
      names = "--queue",
      paramLabel = "N",
      defaultValue = "256",
      description =
          "Texts under one adapter that may wait for their turn; ${DEFAULT-VALUE} if not given.")
  private int queue;

  @Option(
      names = ServeDefaults.CONFIG,
      paramLabel = "FILE",
      description = "YAML file of options by their names, without the dashes in front.")
  private Optional<Path> config = Optional.empty();

  @Option(
      names = "--grace",
      paramLabel = "SECONDS",
      defaultValue = "20",
      description =
          "How long running requests may go on when the process is told to end; ${DEFAULT-VALUE} if not given. A second signal ends it at once.")
  private double grace;

  @Option(
      names = "--no-log",
      description = "Write no JSON line to standard error for each request and event.")
  private boolean noLog;

  @Option(names = "--log-prompts", description = "Let those lines hold what was asked.")
  private boolean logPrompts;

  @Option(
      names = "--vllm-metrics",
      description = "Give metrics under vLLM's names too, for dashboards and gateways made for it.")
  private boolean vllmMetrics;

  @Option(
      names = "--metrics-adapters",
      paramLabel = "N",
      defaultValue = "100",
      description =
          "Adapters that metrics are told apart by; all others are one; ${DEFAULT-VALUE} if not given.")
  private int metricsAdapters;

  @Option(names = "--json", description = "Say that the server is ready in JSON, for machines.")
  private boolean json;

  @Override
  public void run() {
    ServerConfig all =
        ServerConfig.of(model.folder())
            .withDevice(model.device())
            .withAdapters(adapters.options())
            .withAddress(address.address(), address.access())
            .withEngine(engine.options().withThreads(model.threads()).withQueue(queue))
            .withLimits(limits.limits())
            .withObservation(
                new ServerConfig.Observation(!noLog, logPrompts, vllmMetrics, metricsAdapters))
            .withGrace(seconds(grace));
    try (PreambleServer server = PreambleServer.start(all)) {
      Shutdown.closeWithProcess(server);
      announce(server);
      awaitClose(server);
    }
  }

  static Duration seconds(double seconds) {
    return Duration.ofNanos((long) (seconds * 1e9));
  }

  /** Waits until {@code server} is closed. */
  static void awaitClose(PreambleServer server) {
    try {
      server.awaitClose();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void announce(PreambleServer server) {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    if (noLog) {
      server.warnings().forEach(warning -> err.println("preamble: warning: " + warning));
    }
    List<String> models = server.models();
    out.println(json ? ready(server, models) : sentence(server, models));
    out.flush();
  }

  private static String sentence(PreambleServer server, List<String> models) {
    return "ready at %s: %s%s"
        .formatted(
            server.url(),
            models.getFirst(),
            models.size() == 1
                ? ", no adapters"
                : " with adapters " + String.join(", ", models.subList(1, models.size())));
  }

  private static ObjectNode ready(PreambleServer server, List<String> models) {
    ObjectNode ready = JsonNodeFactory.instance.objectNode().put("url", server.url());
    models.forEach(ready.putArray("models")::add);
    server.warnings().forEach(ready.putArray("warnings")::add);
    return ready;
  }
}
