package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.ModelCard;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code adapter copy SOURCE TARGET}: reads, checks and writes an adapter. */
@Command(
    name = "copy",
    mixinStandardHelpOptions = true,
    description = "Reads an adapter, checks it and writes it as PEFT's last release does.")
final class AdapterCopyCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "SOURCE", description = "Folder of the adapter.")
  private Path source;

  @Parameters(index = "1", paramLabel = "TARGET", description = "Folder to write; made if missing.")
  private Path target;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Option(
      names = "--as",
      paramLabel = "METHOD",
      description =
          "Write as another method: prompt-tuning turns the rows of P-tuning or CPT into a prompt"
              + " that can be trained on.")
  private Optional<Conversion> conversion;

  /** What an adapter can be turned into. */
  enum Conversion {
    PROMPT_TUNING;

    @Override
    public String toString() {
      return "prompt-tuning";
    }
  }

  @Override
  public void run() {
    Adapter opened = Adapter.open(source);
    Adapter adapter = conversion.isPresent() ? opened.asPromptTuning() : opened;
    adapter.save(target, ModelCard.in(source).orElseGet(() -> ModelCard.of(adapter)));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      var report = JsonNodeFactory.instance.objectNode();
      report.put("path", target.toString());
      report.put("digest", adapter.digest());
      adapter.warnings().forEach(report.putArray("warnings")::add);
      out.println(report.toPrettyString());
    } else {
      adapter.warnings().forEach(warning -> out.println("warning: " + warning));
      out.printf(
          "%s, %,d virtual tokens: written to %s%n",
          adapter.config().method().peftType(), adapter.virtualTokens(), target);
    }
  }
}
