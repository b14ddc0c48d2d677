package dev.preamble.training;

import dev.preamble.training.method.PromptLabels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Which rows each step of a run sees. Every epoch goes through all rows in an order of its own,
 * which the seed and the epoch's number decide and nothing else: a run that is taken up again finds
 * it without what came before. The last step of an epoch has what is left.
 */
final class BatchPlan {
  private final Dataset data;
  private final Batching batching;
  private final long seed;
  private final int[] stepsBefore;

  /**
   * @throws TrainingException if a row alone is more than a batch may be
   */
  BatchPlan(Dataset data, Batching batching, int epochs, long seed) {
    this.data = data;
    this.batching = batching;
    this.seed = seed;
    if (batching.tokens() > 0 && data.longest() > batching.tokens()) {
      throw new TrainingException(
          "%s: expected rows of at most %d tokens (--batch-tokens), found one of %d; cut them with --max-tokens"
              .formatted(data.name(), batching.tokens(), data.longest()));
    }
    stepsBefore = new int[epochs + 1];
    for (int epoch = 0; epoch < epochs; epoch++) {
      int batches =
          batching.tokens() == 0
              ? Math.ceilDiv(data.examples().size(), batching.rows())
              : cut(order(epoch)).size();
      stepsBefore[epoch + 1] =
          Math.addExact(stepsBefore[epoch], Math.ceilDiv(batches, batching.accumulate()));
    }
  }

  /** Steps of the whole run. */
  int steps() {
    return stepsBefore[stepsBefore.length - 1];
  }

  /** Labels that no batch has more of; those of the prompt are asked for once. */
  int mostLabels(PromptLabels ofPrompt) {
    long rows = Math.min(batching.rows(), data.examples().size());
    return (int) Math.min(rows * data.mostLabels() + ofPrompt.count(), Integer.MAX_VALUE);
  }

  /** Epochs that are whole after {@code steps}. */
  int epochsAfter(int steps) {
    int epochs = 0;
    while (epochs < stepsBefore.length - 1 && stepsBefore[epochs + 1] <= steps) {
      epochs++;
    }
    return epochs;
  }

  /** Steps of the run before {@code epoch}, the first being 0. */
  int stepsBefore(int epoch) {
    return stepsBefore[epoch];
  }

  /** The steps of {@code epoch}, each the batches that make it: indices of rows. */
  List<List<int[]>> epoch(int epoch) {
    List<int[]> batches = cut(order(epoch));
    List<List<int[]>> steps = new ArrayList<>();
    for (int from = 0; from < batches.size(); from += batching.accumulate()) {
      steps.add(batches.subList(from, Math.min(batches.size(), from + batching.accumulate())));
    }
    return steps;
  }

  private int[] order(int epoch) {
    Random random = new Random(31 * seed + epoch);
    int[] order = new int[data.examples().size()];
    Arrays.setAll(order, i -> i);
    for (int i = order.length - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      int row = order[i];
      order[i] = order[other];
      order[other] = row;
    }
    return order;
  }

  private List<int[]> cut(int[] order) {
    List<int[]> batches = new ArrayList<>();
    int from = 0;
    long tokens = 0;
    for (int to = 0; to < order.length; to++) {
      int length = data.length(order[to]);
      boolean full =
          to - from == batching.rows()
              || batching.tokens() > 0 && tokens + length > batching.tokens();
      if (full) {
        batches.add(Arrays.copyOfRange(order, from, to));
        from = to;
        tokens = 0;
      }
      tokens += length;
    }
    batches.add(Arrays.copyOfRange(order, from, order.length));
    return batches;
  }
}
