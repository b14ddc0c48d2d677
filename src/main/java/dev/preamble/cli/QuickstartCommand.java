package dev.preamble.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.server.PreambleServer;
import dev.preamble.server.ServerConfig;
import dev.preamble.training.Dataset;
import dev.preamble.training.ReportTable;
import dev.preamble.training.RunControl;
import dev.preamble.training.Trainer;
import dev.preamble.training.TrainingConfig;
import dev.preamble.training.TrainingListener;
import dev.preamble.training.TrainingRun;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code quickstart}: tunes a prompt on real text with a real model, then serves it. */
@Command(
    name = "quickstart",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Tunes a prompt on a bundled task with a bundled model, then serves it.")
final class QuickstartCommand implements Runnable {
  private static final String ADAPTER = "intents";

  @Mixin private OutputOptions output;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "runs/quickstart",
      description = "Where the adapter goes (${DEFAULT-VALUE}).")
  private Path folder;

  @Option(
      names = "--port",
      paramLabel = "N",
      defaultValue = "8080",
      description = "Port of the server; 0 takes any free one (${DEFAULT-VALUE}).")
  private int port;

  @Option(names = "--no-serve", description = "Stop after the table.")
  private boolean noServe;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that compute; all processors if not given.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Override
  public void run() {
    Path modelFolder = bundledModel();
    Path adapter = OutputFolder.require(folder).resolve(ADAPTER);
    ServerConfig server = ServerConfig.of(modelFolder).withAdapters(folder).withPort(port);
    if (!noServe) {
      requireFree(port);
      Companions.copy(home(), folder);
    }
    try (FrozenModel model = FrozenModel.open(modelFolder)) {
      QuickstartTask task = new QuickstartTask(model);
      Dataset rows = task.training();
      TrainingConfig config = QuickstartTask.config(ModelOption.atLeastOne(threads));
      if (output.showsProgress()) {
        output.err().print(introduction(rows, task.test()));
        output.err().flush();
      }
      TrainingRun run =
          new TrainingRun(
              model,
              config,
              rows,
              Optional.of(task.test()),
              Optional.of(task.hardPrompted()),
              adapter,
              RunControl.defaults().from(RunControl.Start.ANEW));
      TrainingRun.Report report = train(run, new Trainer(model, config).steps(rows));
      output.print(json(adapter, report), () -> text(modelFolder, adapter, report));
    }
    if (!noServe) {
      serve(server);
    }
  }

  /** Refuses a port that is taken before anything is tuned for it. */
  private static void requireFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    } catch (IOException fault) {
      throw new UsageException(
          "--port: expected a free port, found %d in use (%s); name another, or 0 for any"
              .formatted(port, fault.getMessage()));
    }
  }

  private TrainingRun.Report train(TrainingRun run, int steps) {
    if (!output.showsProgress()) {
      return run.run(TrainingListener.SILENT);
    }
    try (TrainingProgress progress = new TrainingProgress(steps)) {
      return run.run(progress);
    }
  }

  private void serve(ServerConfig config) {
    try (PreambleServer server = PreambleServer.start(config)) {
      Shutdown.closeWithProcess(server);
      output.out().print(tryThese(config.model(), server));
      output.out().flush();
      ServeCommand.awaitClose(server);
    }
  }

  /** The model that comes with the program: beside the launcher, or in the working directory. */
  private static Path bundledModel() {
    Path model = home().resolve("test-fixtures").resolve("stories15M");
    if (!Files.isDirectory(model)) {
      throw new UsageException(
          "quickstart: expected the bundled model in %s, found nothing; run ./preamble from a checkout"
              .formatted(model.toAbsolutePath()));
    }
    return model;
  }

  private static Path home() {
    return Path.of(System.getProperty("preamble.home", ""));
  }

  private static String introduction(Dataset rows, Dataset scored) {
    return """
        A frozen story model of 15 million parameters is shown questions to an assistant and should
        name the intent of each in one word ("wake me at seven This is the ..."): first as it is,
        then behind the best of 25 hard prompts, then behind 16 virtual tokens tuned on %d rows.
        Scored on %d others.

        """
        .formatted(rows.examples().size(), scored.examples().size());
  }

  private static String text(Path model, Path adapter, TrainingRun.Report report) {
    return """

        %s
        What this shows: a prompt of 16 x 288 numbers turns a model that knows only bedtime stories
        into an expert for one task, in seconds, and the base model stays as it is. What it does not:
        that this is the best classifier. Naive Bayes on the same rows gets 95 %%. A prompt pays
        where one model must do many tasks.

        Tuned in %s s; %s s from the start of the program to this table.
        The adapter is in %s, as PEFT saves it,
        with its model card and a picture of the run, loss.png.
        To tune one on your own rows, a JSON object a line:
          ./preamble train --model %s --data yours.jsonl --template '{text} This is the' \\
            --labels yes,no --out runs/yours
        """
        .formatted(
            ReportTable.of(report).text(),
            seconds(report.trainingSeconds()),
            seconds(uptime()),
            adapter,
            model);
  }

  private String tryThese(Path model, PreambleServer server) {
    return """

        Serving %1$s (Ctrl-C ends it), %5$d models from one: %6$s.
        Python PEFT trained %7$s and %8$s, by P-tuning and prefix tuning, on other tasks; requests
        to all of them share a batch. Three things to try:

          for model in %2$s %7$s %8$s; do
            curl -s %1$s/v1/completions -H 'Content-Type: application/json' -d '{"model":"'$model'",
              "prompt":"how do i change my pin This is about the","max_tokens":1,"temperature":0}' &
          done; wait

          curl -N %1$s/v1/completions -H 'Content-Type: application/json' \\
            -d '{"model":"stories15M","prompt":"Once upon a time","max_tokens":60,"stream":true}'

          python - <<'PYTHON'
          from peft import PeftModel
          from transformers import AutoModelForCausalLM, AutoTokenizer
          base = AutoModelForCausalLM.from_pretrained("%3$s", dtype="float32")
          tokenizer = AutoTokenizer.from_pretrained("%3$s")
          tuned = PeftModel.from_pretrained(base, "%4$s")
          question = tokenizer("will it rain tomorrow This is the", return_tensors="pt")
          print(tokenizer.decode(tuned.generate(**question, max_new_tokens=1)[0]))
          PYTHON
        """
        .formatted(
            server.url(),
            ADAPTER,
            model,
            folder.resolve(ADAPTER),
            server.models().size(),
            String.join(", ", server.models()),
            Companions.BANKING,
            Companions.PLACES);
  }

  private ObjectNode json(Path adapter, TrainingRun.Report report) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("adapter", adapter.toString())
        .put("digest", report.adapter().digest())
        .put("training_seconds", report.trainingSeconds())
        .put("seconds_since_start", uptime());
    ReportTable.of(report).addTo(json.putObject("scores"));
    return json;
  }

  private static String seconds(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  private static double uptime() {
    return ManagementFactory.getRuntimeMXBean().getUptime() / 1000.0;
  }
}
