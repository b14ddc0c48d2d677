package dev.preamble.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What every command that works for a while can be told about its output. */
final class OutputOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(names = "--json", description = "Print one JSON object, for machines.")
  private boolean json;

  @Option(names = "--quiet", description = "Show no progress.")
  private boolean quiet;

  /** Whether a machine reads the output. */
  boolean isJson() {
    return json;
  }

  /** Whether progress is shown. */
  boolean showsProgress() {
    return !quiet && !json;
  }

  /** Where results go. */
  PrintWriter out() {
    return command.commandLine().getOut();
  }

  /** Where progress and warnings go. */
  PrintWriter err() {
    return command.commandLine().getErr();
  }

  /** Prints the result in the form that was asked for. */
  void print(JsonNode forMachines, Supplier<String> forPeople) {
    out().println(json ? forMachines.toPrettyString() : forPeople.get());
    out().flush();
  }
}
