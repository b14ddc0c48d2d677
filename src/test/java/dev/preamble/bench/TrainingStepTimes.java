package dev.preamble.bench;

import dev.preamble.model.FrozenModel;
import dev.preamble.onnx.Operators;
import dev.preamble.oracle.Oracle;
import dev.preamble.training.Example;
import dev.preamble.training.MeasuredTraining;
import dev.preamble.training.method.MethodConfig;
import dev.preamble.training.method.PromptTuningConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Seconds of whole training steps here and in PEFT, on the same model with as many threads. All
 * take turns, so that what else the machine does hits each; the fastest step of each is what the
 * machine can do. A turn's first step is not counted: the other's threads may still wait for work
 * in a loop, and its data fills the caches.
 */
final class TrainingStepTimes {
  /** Seconds of a turn; it has a step at least. */
  private static final double TURN = 1;

  private static final int MOST_STEPS = 20;

  /** Steps of ours, and seconds, after which its Java code, kernels included, is compiled. */
  private static final int WARM_UP = 10;

  private static final double WARM_UP_SECONDS = 8;

  private final FrozenModel model;
  private final StepSetting setting;
  private final int threads;
  private final Map<Side, List<Double>> seconds = new LinkedHashMap<>();
  private double whole;
  private double outside;
  private long operations;

  /** Who takes steps. */
  enum Side {
    PREAMBLE,
    /** The same steps by a graph of stock operators alone. */
    PREAMBLE_STOCK,
    /** The same batches, each row as long as the longest. */
    PREAMBLE_PADDED,
    /** The runtime, with the products alone that a step of ours has with weights. */
    WEIGHT_PRODUCTS,
    PEFT_FLOAT32,
    PEFT_BFLOAT16,
    /** PEFT in float32 with PyTorch as its wheel leaves it, where that makes a difference. */
    PEFT_FLOAT32_STOCK,
    /** The packed step by hand in PyTorch, float32: what the algorithm gives without us. */
    TORCH_PACKED
  }

  private TrainingStepTimes(FrozenModel model, StepSetting setting, int threads) {
    this.model = model;
    this.setting = setting;
    this.threads = threads;
  }

  /**
   * Lets {@code sides} take turns, {@code rounds} each after one to warm up; every second round
   * goes the other way, so that none is always behind the same other.
   */
  static TrainingStepTimes measure(
      FrozenModel model, StepSetting setting, List<Side> sides, int threads, int rounds) {
    TrainingStepTimes times = new TrainingStepTimes(model, setting, threads);
    MethodConfig config = PromptTuningConfig.defaults(setting.virtualTokens());
    List<Example> batch = setting.batch(new Random(0), model.manifest().vocabularySize());
    try (MeasuredTraining training = new MeasuredTraining(model, config, batch, threads);
        MeasuredTraining stock =
            new MeasuredTraining(model, config, batch, Operators.STOCK, threads);
        WeightProducts products = new WeightProducts(model, config, setting, threads)) {
      times.operations = products.operations();
      Map<Side, Integer> steps = new LinkedHashMap<>();
      for (Side side : sides) {
        times.warmUp(side, training, stock, products);
        double warm = Stats.best(times.turn(side, training, stock, products, 1));
        steps.put(side, Math.clamp(Math.round(TURN / warm), 1, MOST_STEPS));
      }
      times.whole = 0;
      times.outside = 0;
      for (int round = 0; round < rounds; round++) {
        for (Side side : round % 2 == 0 ? sides : sides.reversed()) {
          times
              .seconds
              .computeIfAbsent(side, each -> new ArrayList<>())
              .addAll(times.turn(side, training, stock, products, steps.get(side)));
        }
      }
      return times;
    }
  }

  private void warmUp(
      Side side, MeasuredTraining training, MeasuredTraining stock, WeightProducts products) {
    if (side != Side.PREAMBLE) {
      turn(side, training, stock, products, 1);
      return;
    }
    long began = System.nanoTime();
    do {
      turn(side, training, stock, products, WARM_UP);
    } while (System.nanoTime() - began < WARM_UP_SECONDS * 1e9);
  }

  /** Seconds of {@code steps} steps, behind one more. */
  private List<Double> turn(
      Side side,
      MeasuredTraining training,
      MeasuredTraining stock,
      WeightProducts products,
      int steps) {
    return switch (side) {
      case PREAMBLE -> counted(preamble(training, setting, steps));
      case PREAMBLE_STOCK -> wholes(preamble(stock, setting, steps));
      case PREAMBLE_PADDED -> wholes(preamble(training, setting.padded(), steps));
      case WEIGHT_PRODUCTS -> products.run(steps + 1).subList(1, steps + 1);
      case PEFT_FLOAT32 -> python("time_steps", steps, Map.of("dtype", "float32"));
      case PEFT_BFLOAT16 -> python("time_steps", steps, Map.of("dtype", "bfloat16"));
      case PEFT_FLOAT32_STOCK -> python("time_steps_of_stock_wheel", steps, Map.of());
      case TORCH_PACKED -> python("time_steps", steps, Map.of("by_hand", true));
    };
  }

  private List<MeasuredTraining.Time> preamble(
      MeasuredTraining training, StepSetting shape, int steps) {
    Random random = new Random(steps);
    List<MeasuredTraining.Time> times = new ArrayList<>();
    for (int i = 0; i <= steps; i++) {
      times.add(training.step(shape.batch(random, model.manifest().vocabularySize())));
    }
    return times.subList(1, times.size());
  }

  /** Seconds of each step, which count in Java's share. */
  private List<Double> counted(List<MeasuredTraining.Time> times) {
    for (MeasuredTraining.Time time : times) {
      whole += time.whole();
      outside += time.outside();
    }
    return wholes(times);
  }

  private static List<Double> wholes(List<MeasuredTraining.Time> times) {
    return times.stream().map(MeasuredTraining.Time::whole).toList();
  }

  private List<Double> python(String command, int steps, Map<String, Object> what) {
    Map<String, Object> arguments = new HashMap<>(what);
    arguments.put("model", model.folder().toString());
    arguments.put("lengths", setting.lengths());
    arguments.put("virtual_tokens", setting.virtualTokens());
    arguments.put("labels_per_row", setting.labels());
    arguments.put("steps", steps);
    arguments.put("warmup_steps", 1);
    arguments.put("threads", threads);
    return Oracle.shared()
        .call(command, arguments)
        .path("seconds")
        .valueStream()
        .map(each -> each.asDouble())
        .toList();
  }

  StepSetting setting() {
    return setting;
  }

  /** Seconds of each step. */
  Map<Side, List<Double>> seconds() {
    return seconds;
  }

  /** The other's fastest step over ours. */
  double ratio(Side other) {
    return Stats.best(seconds.get(other)) / Stats.best(seconds.get(Side.PREAMBLE));
  }

  /** The other's middle step over ours. */
  double ratioOfMedians(Side other) {
    return Stats.median(seconds.get(other)) / Stats.median(seconds.get(Side.PREAMBLE));
  }

  /** Operations a second, in 10^9, of the bare products with weights at their fastest. */
  double gflopsOfProducts() {
    return operations / Stats.best(seconds.get(Side.WEIGHT_PRODUCTS)) / 1e9;
  }

  /** The share of all our steps in which ONNX Runtime does not compute. */
  double javaShare() {
    return outside / whole;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("setting " + setting.name() + ":");
    seconds.forEach(
        (side, each) ->
            text.append(
                " %s %.1f ms (%.2f)".formatted(side, 1000 * Stats.best(each), ratio(side))));
    return text.append(", Java's share %.2f %%".formatted(100 * javaShare())).toString();
  }
}
