package dev.preamble.cli;

import dev.preamble.generation.EngineOptions;
import dev.preamble.server.PreambleServer;
import dev.preamble.server.ServerConfig;
import dev.preamble.server.adapters.AdapterCatalogOptions;
import java.io.PrintWriter;
import java.nio.file.Path;
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
    description = {
      "Serves a model, and each adapter of a folder as a model of its own, over HTTP in OpenAI's",
      "shapes: /v1/models, /v1/completions, /health."
    })
final class ServeCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Mixin private ModelOption model;

  @Option(
      names = "--adapters",
      paramLabel = "DIR",
      description = "Folder whose sub-folders are adapters.")
  private Optional<Path> adapters = Optional.empty();

  @Option(
      names = "--host",
      defaultValue = "127.0.0.1",
      paramLabel = "ADDRESS",
      description = "Address to listen on; ${DEFAULT-VALUE} if not given.")
  private String host;

  @Option(
      names = "--port",
      defaultValue = "8080",
      paramLabel = "N",
      description = "Port to listen on, 0 for any free one; ${DEFAULT-VALUE} if not given.")
  private int port;

  @Option(
      names = "--insecure",
      description = "Let --host be an address that other machines reach: anybody may use it then.")
  private boolean insecure;

  @Override
  public void run() {
    ServerConfig config =
        ServerConfig.of(model.folder())
            .withDevice(model.device())
            .withAdapters(AdapterCatalogOptions.NONE.withFolder(adapters))
            .withAddress(
                new ServerConfig.Address(host, port, Optional.empty()),
                new ServerConfig.Access(Optional.empty(), insecure))
            .withEngine(EngineOptions.defaults().withThreads(model.threads()));
    try (PreambleServer server = PreambleServer.start(config)) {
      closeWithProcess(server);
      announce(server);
      awaitClose(server);
    }
  }

  /** Makes the end of the process, by a signal too, close {@code server} first. */
  static void closeWithProcess(PreambleServer server) {
    Runtime.getRuntime().addShutdownHook(new Thread(server::close, "preamble-shutdown"));
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
    server.warnings().forEach(warning -> err.println("preamble: warning: " + warning));
    List<String> models = server.models();
    out.printf(
        "ready at %s: %s%s%n",
        server.url(),
        models.getFirst(),
        models.size() == 1
            ? ", no adapters"
            : " with adapters " + String.join(", ", models.subList(1, models.size())));
    out.flush();
  }
}
