package dev.preamble.cli;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.preamble.ParserMessage;
import dev.preamble.PreambleException;
import dev.preamble.WholeFile;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.ModelCard;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The finished trials of a sweep, in {@code sweep.jsonl} of its folder, and there too the best
 * adapter of them. The file's first line is the sweep's settings: another sweep does not mix with
 * it.
 */
final class SweepRecord {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FILE = "sweep.jsonl";
  private static final List<String> BESIDE =
      List.of("metrics.jsonl", "loss.png", "loss.svg", "preamble_run.yaml");

  private final Path folder;
  private final String settings;
  private final List<Trial> trials = new ArrayList<>();

  private SweepRecord(Path folder, String settings) {
    this.folder = folder;
    this.settings = settings;
  }

  /**
   * The record in {@code folder}, of a sweep with {@code settings}.
   *
   * @throws UsageException if the folder has the record of another sweep
   */
  static SweepRecord open(Path folder, Settings settings) {
    SweepRecord record = new SweepRecord(folder, settings.yaml());
    Path file = folder.resolve(FILE);
    if (Files.exists(file)) {
      record.read(file);
    }
    return record;
  }

  private void read(Path file) {
    try {
      List<String> lines = Files.readAllLines(file);
      if (lines.isEmpty()) {
        throw new UsageException(
            file + ": expected the trials of a sweep, found an empty file; delete it");
      }
      String before = JSON.readTree(lines.getFirst()).path("sweep").asText();
      if (!before.equals(settings)) {
        throw new UsageException(
            "%s: expected a sweep with the settings given now, found one with others; give another --out, or delete the file"
                .formatted(file));
      }
      for (String line : lines.subList(1, lines.size())) {
        trials.add(Trial.of(JSON.readTree(line)));
      }
    } catch (JacksonException fault) {
      throw new UsageException(
          file + ": expected JSON lines: " + ParserMessage.brief(fault.getOriginalMessage()));
    } catch (IOException fault) {
      throw new UsageException("%s: cannot be read: %s".formatted(file, WholeFile.reason(fault)));
    }
  }

  /** The finished trial with {@code values}. */
  Optional<Trial> find(Map<String, String> values) {
    return trials.stream().filter(each -> each.values().equals(values)).findFirst();
  }

  /** Where the trial that runs has its files. */
  Path trialFolder() {
    return folder.resolve(".trial");
  }

  /** Records {@code trial}, and takes its adapter from the trial's folder if it is the best yet. */
  Trial add(Trial trial) {
    boolean best = trials.stream().noneMatch(each -> each.value() >= trial.value());
    if (best) {
      Adapter adapter = Adapter.open(trialFolder());
      adapter.save(folder, ModelCard.in(trialFolder()).orElseGet(() -> ModelCard.of(adapter)));
      for (String name : BESIDE) {
        move(name);
      }
    }
    trials.add(trial);
    StringBuilder lines = new StringBuilder();
    lines.append(JSON.createObjectNode().put("sweep", settings)).append('\n');
    trials.forEach(each -> lines.append(each.json()).append('\n'));
    WholeFile.write(folder.resolve(FILE), lines.toString().getBytes(StandardCharsets.UTF_8));
    clear();
    return trial;
  }

  /** The best of {@code done}, whose adapter stands in the folder. */
  Trial best(List<Trial> done) {
    return done.stream().max(Comparator.comparingDouble(Trial::value)).orElseThrow();
  }

  private void move(String name) {
    Path from = trialFolder().resolve(name);
    try {
      if (Files.exists(from)) {
        WholeFile.write(folder.resolve(name), Files.readAllBytes(from));
      }
    } catch (IOException fault) {
      throw new PreambleException(
          "%s: cannot be read: %s".formatted(from, WholeFile.reason(fault)), fault);
    }
  }

  private void clear() {
    try (Stream<Path> files = Files.list(trialFolder())) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(trialFolder());
    } catch (IOException fault) {
      throw new PreambleException(
          "%s: cannot be cleared: %s".formatted(trialFolder(), WholeFile.reason(fault)), fault);
    }
  }
}
