package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.peft.Adapter;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code adapter inspect DIR}: what an adapter is. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    description = "Shows what an adapter is: method, base model, tensors, digest, warnings.")
final class AdapterInspectCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "DIR", description = "Folder of the adapter.")
  private Path directory;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    ObjectNode report = AdapterReport.of(Adapter.open(directory));
    spec.commandLine()
        .getOut()
        .println(json ? report.toPrettyString() : AdapterReport.text(report));
  }
}
