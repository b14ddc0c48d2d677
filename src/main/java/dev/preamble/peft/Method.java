package dev.preamble.peft;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.safetensors.TensorView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A method of PEFT's prompt learning with the fields of {@code adapter_config.json} that only it
 * has. One record a method; {@link #KNOWN} is the one list of them.
 */
public sealed interface Method
    permits PromptTuning, PTuning, PrefixTuning, MultitaskPromptTuning, Cpt, Cartridge {
  /** How each method is read, by the {@code peft_type} that names it. */
  Map<String, Function<ConfigFields, Method>> KNOWN =
      Map.of(
          PromptTuning.PEFT_TYPE, PromptTuning::read,
          PTuning.PEFT_TYPE, PTuning::read,
          PrefixTuning.PEFT_TYPE, PrefixTuning::read,
          MultitaskPromptTuning.PEFT_TYPE, MultitaskPromptTuning::read,
          Cpt.PEFT_TYPE, Cpt::read,
          Cartridge.PEFT_TYPE, Cartridge::read);

  /** The value of {@code peft_type}. */
  String peftType();

  /** Adds all fields that only this method has to {@code json}, nulls included. */
  void write(ObjectNode json);

  /**
   * The tensors that an adapter of this method consists of besides trained heads, with their
   * shapes; -1 stands for a size that the configuration leaves open.
   */
  Map<String, List<Long>> shapes(AdapterConfig config);

  /** Refuses what PEFT would refuse or get wrong, and says to {@code warn} what is merely odd. */
  void check(AdapterConfig config, Consumer<String> warn);

  /** The same for the tensors, whose shapes are already known to be those of {@link #shapes}. */
  default void check(AdapterConfig config, List<TensorView> tensors, Consumer<String> warn) {}

  /** The number of virtual tokens where the method's own fields fix it. */
  default Optional<Integer> impliedVirtualTokens() {
    return Optional.empty();
  }

  /** Tasks among which {@link #entry} chooses. */
  default int tasks() {
    return 1;
  }

  /** Whether the file holds rows that prompt tuning would use just the same. */
  default boolean holdsPlainRows() {
    return false;
  }

  /**
   * How {@code adapter}, which is of this method, enters a model of {@code shape}.
   *
   * @param task from 0 to {@link #tasks} - 1
   */
  AdapterEntry entry(Adapter adapter, ModelShape shape, int task);
}
