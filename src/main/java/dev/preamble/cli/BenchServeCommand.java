package dev.preamble.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.generation.BatchingEngine;
import dev.preamble.generation.Engine;
import dev.preamble.generation.EngineOptions;
import dev.preamble.generation.FittedAdapter;
import dev.preamble.model.FrozenModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/**
 * {@code bench serve}: the workload of a server with many adapters, and how the engine takes it.
 */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description =
        "Runs the workload of S-LoRA through the engine: Gamma arrivals, adapters of power-law popularity, lengths uniform in a range; reports throughput and times.")
final class BenchServeCommand implements Runnable {
  @Mixin private ModelOption model;
  @Mixin private EngineLimitOptions engine;
  @Mixin private OutputOptions output;

  @Option(
      names = "--adapters",
      paramLabel = "DIR",
      description = "Folder whose sub-folders are adapters; without it the model as it is.")
  private Optional<Path> adapters = Optional.empty();

  @Option(
      names = "--requests",
      defaultValue = "200",
      paramLabel = "N",
      description = "Requests; ${DEFAULT-VALUE} if not given.")
  private int requests;

  @Option(
      names = "--rate",
      defaultValue = "0",
      paramLabel = "R",
      description = "Requests that arrive a second; all at once if not given.")
  private double rate;

  @Option(
      names = "--cv",
      defaultValue = "1",
      paramLabel = "X",
      description =
          "Coefficient of variation of the times between arrivals; ${DEFAULT-VALUE} if not given.")
  private double variation;

  @Option(
      names = "--alpha",
      defaultValue = "1",
      paramLabel = "X",
      description = "Exponent of the adapters' popularity; ${DEFAULT-VALUE} if not given.")
  private double exponent;

  @Option(
      names = "--input-tokens",
      defaultValue = "8:64",
      paramLabel = "LEAST:MOST",
      converter = RangeConverter.class,
      description = "Length of prompts; ${DEFAULT-VALUE} if not given.")
  private Workload.Range input;

  @Option(
      names = "--output-tokens",
      defaultValue = "8:64",
      paramLabel = "LEAST:MOST",
      converter = RangeConverter.class,
      description = "Length of answers; ${DEFAULT-VALUE} if not given.")
  private Workload.Range answer;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "N",
      description = "What the workload is drawn by; ${DEFAULT-VALUE} if not given.")
  private long seed;

  private static final class RangeConverter implements ITypeConverter<Workload.Range> {
    @Override
    public Workload.Range convert(String text) {
      String[] parts = text.split(":", -1);
      try {
        int least = Integer.parseInt(parts[0]);
        return new Workload.Range(least, Integer.parseInt(parts[parts.length - 1]));
      } catch (NumberFormatException fault) {
        throw new TypeConversionException("expected LEAST:MOST such as 8:64, found " + text);
      } catch (UsageException fault) {
        throw new TypeConversionException(fault.getMessage());
      }
    }
  }

  @Override
  public void run() {
    Workload workload = new Workload(requests, rate, variation, exponent, input, answer);
    EngineOptions options = engine.options().withThreads(model.threads()).withQueue(requests);
    try (FrozenModel opened = model.open();
        Engine running = BatchingEngine.open(opened, options)) {
      List<Optional<FittedAdapter>> fitted = fitted(opened);
      List<Workload.Request> drawn = workload.draw(fitted.size(), new SplittableRandom(seed));
      ServeBench bench = new ServeBench(running, opened.manifest(), fitted, seed);
      ServeBench.Report report;
      try (Progress progress = Progress.of(output, "serving", requests)) {
        report = bench.run(drawn, progress);
      }
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      json.put("model", opened.manifest().baseModel().name()).put("threads", model.threads());
      json.put("adapters", adapters.isEmpty() ? 0 : fitted.size());
      report.describe(json);
      output.print(json, report::toString);
    }
  }

  private List<Optional<FittedAdapter>> fitted(FrozenModel opened) {
    if (adapters.isEmpty()) {
      return List.of(Optional.empty());
    }
    List<Optional<FittedAdapter>> fitted = new ArrayList<>();
    try (Stream<Path> entries = Files.list(adapters.get())) {
      entries
          .filter(entry -> Files.exists(entry.resolve("adapter_config.json")))
          .sorted()
          .forEach(
              entry -> fitted.add(Optional.of(FittedAdapters.fit(entry, opened, output.err()))));
    } catch (IOException fault) {
      throw new PreambleException(
          adapters.get() + ": cannot be listed: " + WholeFile.reason(fault), fault);
    }
    if (fitted.isEmpty()) {
      throw new PreambleException(
          adapters.get() + ": expected a folder whose sub-folders are adapters, found none");
    }
    return fitted;
  }
}
