package dev.preamble.generation;

import dev.preamble.PreambleException;
import dev.preamble.model.FrozenModel;
import dev.preamble.model.Manifest;
import dev.preamble.peft.Adapter;
import dev.preamble.peft.AdapterEntry;
import dev.preamble.peft.ModelShape;
import java.util.OptionalInt;

/**
 * An adapter that is known to fit one model, ready to enter it.
 *
 * @param name what messages call it
 * @param digest identity of the adapter's content and, where it has several tasks, of the one
 *     taken; what caches go by
 * @param model identity of the model that it was fitted to
 * @param entry how it enters that model
 */
public record FittedAdapter(String name, String digest, String model, AdapterEntry entry) {
  /**
   * Checks that {@code adapter} can run on {@code model}.
   *
   * @throws PreambleException if it was made for a model of another shape, or takes all of the
   *     model's context
   */
  public static FittedAdapter fit(Adapter adapter, FrozenModel model) {
    return fit(adapter, model, OptionalInt.empty());
  }

  /**
   * As {@link #fit(Adapter, FrozenModel)}, for one of the adapter's tasks.
   *
   * @param task from 0 on; may be left out where there is only one
   * @throws PreambleException also if the adapter has no such task, or several and none is named
   */
  public static FittedAdapter fit(Adapter adapter, FrozenModel model, OptionalInt task) {
    Manifest manifest = model.manifest();
    if (adapter.virtualTokens() >= manifest.contextLength()) {
      throw new PreambleException(
          "%s takes %,d positions in front of the text; expected fewer than the model's %,d"
              .formatted(adapter.name(), adapter.virtualTokens(), manifest.contextLength()));
    }
    ModelShape shape = model.baseModel().shape();
    AdapterEntry entry =
        task.isPresent() ? adapter.entry(shape, task.getAsInt()) : adapter.entry(shape);
    String digest =
        adapter.tasks() > 1 ? adapter.digest() + "-" + task.getAsInt() : adapter.digest();
    return new FittedAdapter(adapter.name(), digest, model.digest(), entry);
  }

  /** Positions that the adapter takes in front of the text. */
  public int virtualTokens() {
    return entry.count();
  }
}
