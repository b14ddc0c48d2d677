package dev.preamble.peft;

import dev.preamble.PreambleException;
import dev.preamble.safetensors.TensorView;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Whether configuration and tensors make one adapter that PEFT would load and use as meant. */
final class AdapterChecks {
  private AdapterChecks() {}

  /** Throws what is wrong, without a name in front; hands what is odd to {@code warn}. */
  static void check(AdapterConfig config, List<TensorView> tensors, Consumer<String> warn) {
    Map<String, TensorView> byName = new LinkedHashMap<>();
    for (TensorView tensor : tensors) {
      byName.put(tensor.name(), tensor);
      FiniteValues.require(tensor);
    }
    config.method().check(config, warn);
    if (config.task().isEmpty()) {
      warn.accept("task_type is null; PEFT ignores the prompt of such an adapter");
    }
    if (!config.unknown().isEmpty()) {
      List<String> names = new ArrayList<>();
      config.unknown().fieldNames().forEachRemaining(names::add);
      warn.accept("unknown fields, kept but not used: " + String.join(", ", names));
    }
    config.method().shapes(config).forEach((name, shape) -> requireShape(byName, name, shape));
    config.method().check(config, tensors, warn);
    TrainedModules.check(config, byName.keySet(), warn);
    for (String name : byName.keySet()) {
      if (!config.method().shapes(config).containsKey(name)) {
        checkExtra(config, name, warn);
      }
    }
  }

  private static void requireShape(
      Map<String, TensorView> tensors, String name, List<Long> expected) {
    TensorView tensor = tensors.get(name);
    if (tensor == null) {
      throw new PreambleException(
          "tensor '%s' is missing; found %s".formatted(name, tensors.keySet()));
    }
    boolean fits = tensor.shape().size() == expected.size();
    for (int i = 0; fits && i < expected.size(); i++) {
      fits = expected.get(i) < 0 || expected.get(i).equals(tensor.shape().get(i));
    }
    if (!fits) {
      throw new PreambleException(
          "tensor '%s' has shape %s, but adapter_config.json asks for %s"
              .formatted(name, tensor.shape(), expected.toString().replace("-1", "any")));
    }
    if (!tensor.dtype().convertsToFloat()) {
      throw new PreambleException(
          "tensor '%s' is %s; expected F32, F16, BF16 or F64".formatted(name, tensor.dtype()));
    }
  }

  private static void checkExtra(AdapterConfig config, String name, Consumer<String> warn) {
    if (!name.startsWith(TrainedModules.PREFIX)) {
      warn.accept("tensor '" + name + "' belongs to no part of the adapter; kept but not used");
    } else if (!TrainedModules.covers(config, name)) {
      warn.accept(
          "tensor '%s' is in no module of modules_to_save; PEFT loads it over the base model's own weights, here it is kept but not used"
              .formatted(name));
    }
  }
}
