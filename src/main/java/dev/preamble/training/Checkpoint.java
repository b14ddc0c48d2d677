package dev.preamble.training;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.safetensors.SafetensorsFile;
import dev.preamble.safetensors.SafetensorsWriter;
import dev.preamble.safetensors.TensorView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that a run needs to go on as if it had never stopped, in one safetensors file that appears
 * whole or not at all. Where in the data the run stands, where on its schedule and what its random
 * numbers are follows from the number of steps and the seed.
 *
 * @param step steps done
 * @param lossSum of the epoch's steps so far
 * @param parameters live values
 * @param optimizer what the optimiser remembers
 * @param lossScale where the scale of the loss stands, where there is one
 * @param best the best state so far, where there were evaluations
 * @param unimproved evaluations since it
 * @param metricsBytes length of {@code metrics.jsonl} at that time
 * @param identity what must be the same for the run to go on: digests of model and data and such
 */
record Checkpoint(
    int step,
    double lossSum,
    Parameters parameters,
    Map<String, float[]> optimizer,
    Optional<LossScale.State> lossScale,
    Optional<Best> best,
    int unimproved,
    long metricsBytes,
    Map<String, String> identity) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String STATE = "preamble_checkpoint";
  private static final String PARAMETER = "parameter.";
  private static final String OPTIMIZER = "optimizer.";
  private static final String BEST = "best.";

  /** Longest header of a checkpoint that is read, and largest file, in bytes. */
  private static final int HEADER_CAP = 16 << 20;

  private static final long CAP = 64L << 30;

  /**
   * A state that was scored.
   *
   * @param step after which it was
   * @param parameters its values
   * @param value by the run's criterion, the higher the better
   */
  record Best(int step, Parameters parameters, double value) {}

  /** The same, for a run of {@code same} whose metrics are {@code bytes} long. */
  Checkpoint with(long bytes, Map<String, String> same) {
    return new Checkpoint(
        step, lossSum, parameters, optimizer, lossScale, best, unimproved, bytes, same);
  }

  /** Writes it as {@code file}. */
  void write(Path file) {
    List<TensorView> tensors = new ArrayList<>();
    add(tensors, PARAMETER, parameters);
    optimizer.forEach(
        (name, values) -> tensors.add(TensorView.of(OPTIMIZER + name, values, values.length)));
    best.ifPresent(each -> add(tensors, BEST, each.parameters()));
    ObjectNode state = JSON.createObjectNode();
    state
        .put("step", step)
        .put("loss_sum", lossSum)
        .put("unimproved", unimproved)
        .put("metrics_bytes", metricsBytes);
    lossScale.ifPresent(
        each ->
            state
                .putObject("loss_scale")
                .put("factor", each.factor())
                .put("steps_since", each.stepsSince())
                .put("overflows", each.overflows()));
    best.ifPresent(
        each -> state.putObject("best").put("step", each.step()).put("value", each.value()));
    ObjectNode same = state.putObject("identity");
    identity.forEach(same::put);
    SafetensorsWriter.write(file, tensors, Map.of(STATE, state.toString()));
  }

  /**
   * Reads {@code file} for a run whose parameters are {@code like}.
   *
   * @throws TrainingException if it is no checkpoint, or one of other parameters
   */
  static Checkpoint read(Path file, Parameters like) {
    try (SafetensorsFile opened = SafetensorsFile.read(file, HEADER_CAP, CAP)) {
      String text = opened.metadata().get(STATE);
      if (text == null) {
        throw new TrainingException(file + ": expected a checkpoint, found another file");
      }
      JsonNode state = JSON.readTree(text);
      Map<String, float[]> optimizer = new LinkedHashMap<>();
      for (TensorView tensor : opened.tensors()) {
        if (tensor.name().startsWith(OPTIMIZER)) {
          optimizer.put(tensor.name().substring(OPTIMIZER.length()), tensor.toFloats());
        }
      }
      Map<String, String> identity = new LinkedHashMap<>();
      state
          .path("identity")
          .properties()
          .forEach(e -> identity.put(e.getKey(), e.getValue().asText()));
      Optional<LossScale.State> lossScale =
          state.has("loss_scale")
              ? Optional.of(
                  new LossScale.State(
                      state.at("/loss_scale/factor").floatValue(),
                      state.at("/loss_scale/steps_since").asInt(),
                      state.at("/loss_scale/overflows").asInt()))
              : Optional.empty();
      Optional<Best> best =
          state.has("best")
              ? Optional.of(
                  new Best(
                      state.at("/best/step").asInt(),
                      parameters(opened, BEST, like),
                      state.at("/best/value").asDouble()))
              : Optional.empty();
      return new Checkpoint(
          state.path("step").asInt(),
          state.path("loss_sum").asDouble(),
          parameters(opened, PARAMETER, like),
          optimizer,
          lossScale,
          best,
          state.path("unimproved").asInt(),
          state.path("metrics_bytes").asLong(),
          identity);
    } catch (JacksonException fault) {
      throw new TrainingException(file + ": expected a checkpoint's state as JSON", fault);
    }
  }

  private static Parameters parameters(SafetensorsFile file, String prefix, Parameters like) {
    List<Parameters.Parameter> all = new ArrayList<>();
    for (Parameters.Parameter each : like.all()) {
      TensorView tensor =
          file.find(prefix + each.name())
              .orElseThrow(() -> other(file.path(), each, "none of that name"));
      List<Long> shape = each.shape().stream().map(Integer::longValue).toList();
      if (!tensor.shape().equals(shape)) {
        throw other(file.path(), each, tensor.shape().toString());
      }
      all.add(each.with(tensor.toFloats()));
    }
    return new Parameters(all);
  }

  private static PreambleException other(Path file, Parameters.Parameter each, String found) {
    return new TrainingException(
        "%s: expected the parameter %s of shape %s, found %s; go on with the settings that the run was begun with"
            .formatted(file, each.name(), each.shape(), found));
  }

  private static void add(List<TensorView> tensors, String prefix, Parameters parameters) {
    for (Parameters.Parameter each : parameters.all()) {
      long[] shape = each.shape().stream().mapToLong(Integer::longValue).toArray();
      tensors.add(TensorView.of(prefix + each.name(), each.values(), shape));
    }
  }
}
