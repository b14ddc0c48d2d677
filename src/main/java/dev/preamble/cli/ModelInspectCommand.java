package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.ModelDigests;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code model inspect DIR}: what an exported model is, and whether its files are whole. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    description =
        "Shows what an exported model is, and checks that manifest, graph, weights and tokenizer agree. With --verify also that graph and weights are byte for byte those that were exported.")
final class ModelInspectCommand implements Runnable {
  @Mixin private OutputOptions output;

  @Parameters(paramLabel = "DIR", description = "Folder of the exported model.")
  private Path folder;

  @Option(
      names = "--verify",
      description = "Compute the digests of graph and weights, which reads every byte.")
  private boolean verify;

  @Override
  public void run() {
    try (FrozenModel model = FrozenModel.open(folder)) {
      if (verify) {
        verify(model);
      }
      ObjectNode report = ModelReport.of(model);
      report.put("verified", verify);
      output.print(report, () -> ModelReport.text(report));
    }
  }

  private void verify(FrozenModel model) {
    try (Progress progress = Progress.of(output, "reading", ModelDigests.bytes(model.manifest()))) {
      ModelDigests.verify(folder, model.manifest(), progress::step);
    }
  }
}
