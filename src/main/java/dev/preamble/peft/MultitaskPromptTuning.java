package dev.preamble.peft;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.PreambleException;
import dev.preamble.safetensors.TensorView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * MULTITASK_PROMPT_TUNING: rows shared by several tasks, each task's prompt being their elementwise
 * product with a matrix of low rank: {@code P[t] = W * (cols[t] @ rows[t])}.
 *
 * @param start how training of the shared rows began
 * @param sourcePath adapter whose values training began from
 * @param sourceTask task of that adapter
 * @param ranks rank of a task's matrix
 * @param tasks number of tasks
 */
public record MultitaskPromptTuning(
    PromptTuning start, Optional<String> sourcePath, int sourceTask, int ranks, int tasks)
    implements Method {
  static final String PEFT_TYPE = "MULTITASK_PROMPT_TUNING";
  private static final String COLUMNS = "prefix_task_cols";
  private static final String ROWS = "prefix_task_rows";
  private static final Set<String> FROM_SOURCE =
      Set.of("AVERAGE_SOURCE_TASKS", "EXACT_SOURCE_TASK", "ONLY_SOURCE_SHARED");

  public MultitaskPromptTuning {
    if (ranks < 1 || tasks < 1) {
      throw new PreambleException(
          "num_ranks and num_tasks must be 1 or more, found %d and %d".formatted(ranks, tasks));
    }
  }

  /**
   * A causal language model's adapter.
   *
   * @param shared {@code [virtualTokens, hidden]} row-major; copied
   * @param columns {@code [tasks, virtualTokens, ranks]} row-major; copied
   * @param rows {@code [tasks, ranks, hidden]} row-major; copied
   */
  public static Adapter of(
      BaseModel base,
      int virtualTokens,
      int tasks,
      int ranks,
      float[] shared,
      float[] columns,
      float[] rows) {
    int width = base.shape().hidden();
    return Adapter.of(
        AdapterConfig.forRows(
            new MultitaskPromptTuning(PromptTuning.random(), Optional.empty(), 0, ranks, tasks),
            base,
            virtualTokens),
        List.of(
            TensorView.of(COLUMNS, columns, tasks, virtualTokens, ranks),
            TensorView.of(ROWS, rows, tasks, ranks, width),
            TensorView.of(Rows.TENSOR, shared, virtualTokens, width)));
  }

  static MultitaskPromptTuning read(ConfigFields fields) {
    return new MultitaskPromptTuning(
        PromptTuning.read(fields),
        fields.text("prompt_tuning_init_state_dict_path"),
        fields.integer("prompt_tuning_init_task").orElse(0),
        fields.integer("num_ranks").orElse(1),
        fields.integer("num_tasks").orElse(1));
  }

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public void write(ObjectNode json) {
    start.write(json);
    json.put("prompt_tuning_init_state_dict_path", sourcePath.orElse(null));
    json.put("prompt_tuning_init_task", sourceTask);
    json.put("num_ranks", ranks);
    json.put("num_tasks", tasks);
  }

  @Override
  public Map<String, List<Long>> shapes(AdapterConfig config) {
    List<Long> shared = Rows.shapes(config).get(Rows.TENSOR);
    return new TreeMap<>(
        Map.of(
            Rows.TENSOR,
            shared,
            COLUMNS,
            List.of((long) tasks, shared.get(0), (long) ranks),
            ROWS,
            List.of((long) tasks, (long) ranks, shared.get(1))));
  }

  @Override
  public void check(AdapterConfig config, Consumer<String> warn) {
    if (!FROM_SOURCE.contains(start.init())) {
      start.check(config, warn);
    } else if (sourcePath.isEmpty()) {
      throw new PreambleException(
          "prompt_tuning_init %s needs prompt_tuning_init_state_dict_path, or PEFT refuses to load"
                  .formatted(start.init())
              + " the adapter; set prompt_tuning_init to RANDOM, which changes nothing in a trained"
              + " adapter");
    } else {
      warn.accept(
          "prompt_tuning_init %s makes PEFT open %s again at each load; RANDOM would not"
              .formatted(start.init(), sourcePath.get()));
    }
  }

  @Override
  public void check(AdapterConfig config, List<TensorView> tensors, Consumer<String> warn) {
    long shared = 0;
    long factors = 0;
    for (TensorView tensor : tensors) {
      switch (tensor.name()) {
        case Rows.TENSOR -> shared = tensor.shape().get(1);
        case ROWS -> factors = tensor.shape().get(2);
        default -> {}
      }
    }
    if (shared != factors) {
      throw new PreambleException(
          "tensor '%s' has rows of width %,d, '%s' of width %,d; they must be equal"
              .formatted(ROWS, factors, Rows.TENSOR, shared));
    }
  }

  @Override
  public AdapterEntry entry(Adapter adapter, ModelShape shape, int task) {
    AdapterEntry.EmbeddingRows entry = Rows.entry(adapter, shape);
    int width = entry.width();
    float[] columns = new float[Math.multiplyExact(entry.count(), ranks)];
    float[] rows = new float[Math.multiplyExact(ranks, width)];
    TensorView allColumns = adapter.tensor(COLUMNS);
    long columnsOfTask = allColumns.elements() / tasks;
    allColumns.copyFloats(task * columnsOfTask, columns, 0, columns.length);
    adapter.tensor(ROWS).copyFloats((long) task * rows.length, rows, 0, rows.length);
    float[] values = entry.values();
    for (int token = 0; token < entry.count(); token++) {
      for (int column = 0; column < width; column++) {
        double factor = 0;
        for (int rank = 0; rank < ranks; rank++) {
          factor += (double) columns[token * ranks + rank] * rows[rank * width + column];
        }
        values[token * width + column] *= (float) factor;
      }
    }
    return entry;
  }
}
