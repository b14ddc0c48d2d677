package dev.preamble.onnx.gradient;

import dev.preamble.onnx.Value;
import java.util.function.Function;

/**
 * A graph that shows one rule.
 *
 * @param key the operator, as the table of rules has it
 * @param variant what is special about this case
 * @param build makes the graph; the value returned is what the loss is made of
 */
record RuleCase(String key, String variant, Function<TinyGraph, Value> build) {
  @Override
  public String toString() {
    return variant.isEmpty() ? key : key + ", " + variant;
  }
}
