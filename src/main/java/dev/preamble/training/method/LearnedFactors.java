package dev.preamble.training.method;

import dev.preamble.peft.Adapter;
import dev.preamble.safetensors.TensorView;
import dev.preamble.training.TrainingException;
import java.util.List;
import java.util.OptionalInt;

/** What a multitask prompt learned, to start another from: its shared rows and tasks' factors. */
record LearnedFactors(Adapter adapter) {
  private static final String SHARED = "prompt_embeddings";

  /** The shared rows, float [virtualTokens, hidden]. */
  float[] shared(int virtualTokens, int hidden) {
    return tensor(SHARED, List.of((long) virtualTokens, (long) hidden)).toFloats();
  }

  /**
   * One matrix for each of {@code copies} tasks, float [copies, rows, columns], all alike.
   *
   * @param name the tensor with the tasks' matrices, float [tasks, rows, columns]
   * @param task which task's; the mean of all when empty
   */
  float[] factor(String name, OptionalInt task, int copies, int rows, int columns) {
    int tasks = adapter.tasks();
    TensorView tensor = tensor(name, List.of((long) tasks, (long) rows, (long) columns));
    if (task.isPresent() && task.getAsInt() >= tasks) {
      throw new TrainingException(
          "--init-task: expected a task of %s, 0 to %d, found %d"
              .formatted(adapter.name(), tasks - 1, task.getAsInt()));
    }
    float[] all = tensor.toFloats();
    int size = Math.multiplyExact(rows, columns);
    float[] factors = new float[Math.multiplyExact(copies, size)];
    for (int i = 0; i < size; i++) {
      float value = task.isPresent() ? all[task.getAsInt() * size + i] : mean(all, i, size, tasks);
      for (int copy = 0; copy < copies; copy++) {
        factors[copy * size + i] = value;
      }
    }
    return factors;
  }

  private static float mean(float[] all, int from, int step, int count) {
    float sum = 0;
    for (int i = 0; i < count; i++) {
      sum += all[from + i * step];
    }
    return sum / count;
  }

  private TensorView tensor(String name, List<Long> shape) {
    TensorView tensor =
        adapter
            .find(name)
            .orElseThrow(
                () ->
                    new TrainingException(
                        "initial adapter %s: expected a multitask prompt for --factors average or source, found no tensor %s"
                            .formatted(adapter.name(), name)));
    if (!tensor.shape().equals(shape)) {
      throw new TrainingException(
          "initial adapter %s: expected %s of shape %s, found %s; give its --virtual-tokens and --ranks"
              .formatted(adapter.name(), name, shape, tensor.shape()));
    }
    return tensor;
  }
}
