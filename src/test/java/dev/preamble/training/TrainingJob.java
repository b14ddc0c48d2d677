package dev.preamble.training;

import com.fasterxml.jackson.databind.JsonNode;
import dev.preamble.model.FrozenModel;
import dev.preamble.oracle.Oracle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A whole job of classification by label words, here and in real PEFT: the same start, batches in
 * the same order, loss, optimiser and threads, scored after each epoch.
 *
 * @param model what a prompt is tuned for
 * @param train rows to learn from
 * @param test rows to score on
 * @param config the run's settings
 */
public record TrainingJob(FrozenModel model, Dataset train, Dataset test, TrainingConfig config) {
  /**
   * How far a job is at the end of an epoch.
   *
   * @param loss mean over the epoch's steps
   * @param accuracy on the test rows
   * @param seconds from the start, the opening of the model left out, to the end of the scoring
   * @param trainingSeconds of all steps so far
   */
  public record Epoch(double loss, double accuracy, double seconds, double trainingSeconds) {}

  /** TREC as PEFT's known figures have it: 1,024 rows, 16 virtual tokens. */
  public static TrainingJob trec(FrozenModel model, int epochs, int threads) {
    Trec trec = Trec.read(model, Trec.data(), 1024);
    return new TrainingJob(
        model, trec.train(), trec.test(), Trec.config(Objective.VOCABULARY, epochs, 1, threads));
  }

  /** The same job on a few rows from all over the data. */
  TrainingJob on(int trainRows, int testRows) {
    return new TrainingJob(model, some(train, trainRows), some(test, testRows), config);
  }

  private static Dataset some(Dataset data, int count) {
    List<Example> all = data.examples();
    List<Example> rows =
        IntStream.range(0, count).mapToObj(i -> all.get(i * all.size() / count)).toList();
    return new Dataset(data.name(), rows, data.labels(), List.of());
  }

  /** The job as {@code preamble train} does it, its files in {@code folder}. */
  public List<Epoch> inPreamble(Path folder) {
    List<Epoch> epochs = new ArrayList<>();
    TrainingListener timed =
        new TrainingListener() {
          private final long began = System.nanoTime();
          private long ended = began;
          private long stepped = began;
          private long training;

          @Override
          public void step(Step step) {
            stepped = System.nanoTime();
          }

          @Override
          public void epoch(Epoch epoch) {
            training += stepped - ended;
            ended = System.nanoTime();
            stepped = ended;
            if (epoch.number() > 0) {
              double accuracy = epoch.scores().orElseThrow().accuracy().orElseThrow();
              epochs.add(
                  new TrainingJob.Epoch(
                      epoch.loss(), accuracy, (ended - began) / 1e9, training / 1e9));
            }
          }
        };
    new TrainingRun(model, config, train, Optional.of(test), Optional.empty(), folder).run(timed);
    return epochs;
  }

  /** The job in real PEFT, its adapters before and after in {@code folder}. */
  public List<Epoch> inPeft(Path folder) {
    Path start = folder.resolve("start");
    var method = config.method().method(model);
    method.adapter(method.initial(train.labels(), new Random(config.seed()))).save(start);
    BatchPlan plan = new BatchPlan(train, config.batching(), config.epochs(), config.seed());
    OptimizerConfig optimizer = config.optimizer();
    Map<String, Object> arguments = new HashMap<>();
    arguments.put("model", model.folder().toString());
    arguments.put("adapter", start.toString());
    arguments.put(
        "epochs",
        IntStream.range(0, config.epochs())
            .mapToObj(epoch -> plan.epoch(epoch).stream().map(this::batch).toList())
            .toList());
    arguments.put("lr", optimizer.learningRate());
    arguments.put("warmup_steps", Math.round(optimizer.warmup() * plan.steps()));
    arguments.put("max_grad_norm", optimizer.maxGradNorm());
    arguments.put("rows", test.examples().stream().map(Example::prompt).toList());
    arguments.put("label_token_ids", train.labels().orElseThrow().tokens());
    arguments.put("answers", test.examples().stream().map(row -> row.label().getAsInt()).toList());
    arguments.put("out", folder.resolve("peft").toString());
    arguments.put("threads", config.threads());
    JsonNode answer = Oracle.shared().call("train_job", arguments);
    return IntStream.range(0, config.epochs())
        .mapToObj(
            epoch ->
                new Epoch(
                    answer.at("/losses/" + epoch).asDouble(),
                    answer.at("/accuracies/" + epoch).asDouble(),
                    answer.at("/seconds/" + epoch).asDouble(),
                    answer.at("/training_seconds/" + epoch).asDouble()))
        .toList();
  }

  private List<Map<String, int[]>> batch(List<int[]> step) {
    return PeftRows.of(
        step.stream()
            .flatMap(batch -> Arrays.stream(batch).mapToObj(train.examples()::get))
            .toList());
  }
}
