package dev.preamble.training.method;

import dev.preamble.onnx.packed.PackedEntry;
import dev.preamble.peft.Adapter;
import dev.preamble.training.LabelWords;
import dev.preamble.training.Parameters;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * How an adapter for one frozen model is learned. As a {@link PackedEntry.Source} it adds to a
 * graph the operations that turn its parameters into what stands in front of the text; an input of
 * that graph is called {@link #input} of the parameter's name.
 */
public interface LearningMethod extends PackedEntry.Source {
  /** The int64 input [1] that says for which task a graph computes, where there are several. */
  String TASK = "task";

  /** Positions that the adapter takes in front of the text. */
  int virtualTokens();

  /** How the adapter enters the model. */
  PackedEntry.Kind kind();

  /** Number of tasks that share the parameters and have a prompt each. */
  default int tasks() {
    return 1;
  }

  /**
   * The parameters that training starts from, those that stay frozen included.
   *
   * @param labels the words that the data's labels stand for, where it has labels
   * @param random decides what is random
   * @throws dev.preamble.training.TrainingException if the model or data cannot give them
   */
  Parameters initial(Optional<LabelWords> labels, RandomGenerator random);

  /**
   * What the graph takes beside the parameters and is drawn anew for each batch, such as masks of a
   * dropout: inputs of the graph by name, as parameters are.
   *
   * @param random decides it; without, it is as in use, where nothing is dropped
   */
  default Parameters noise(Optional<RandomGenerator> random) {
    return Parameters.of();
  }

  /**
   * Moves {@code parameters} back to where the method allows them to be: before every step and
   * before they are saved.
   */
  default void constrain(Parameters parameters) {}

  /** What the loss asks of the virtual tokens themselves. */
  default PromptLabels promptLabels() {
    return PromptLabels.NONE;
  }

  /**
   * The adapter that {@code parameters} make, as PEFT saves it: what encoders give, never their
   * weights.
   */
  Adapter adapter(Parameters parameters);

  /** The graph input that the parameter called {@code name} is fed as. */
  static String input(String name) {
    return "prompt_encoder." + name;
  }
}
