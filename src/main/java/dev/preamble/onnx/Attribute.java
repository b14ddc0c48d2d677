package dev.preamble.onnx;

import java.util.List;

/**
 * A node's attribute. Sub-graphs are not among them: no exporter that feeds this package has any.
 */
public sealed interface Attribute {
  /** A whole number. */
  record Int(long value) implements Attribute {}

  /** A real number. */
  record Real(float value) implements Attribute {}

  /** A text. */
  record Text(String value) implements Attribute {}

  /** A list of whole numbers. */
  record Ints(List<Long> values) implements Attribute {}

  /** A list of real numbers. */
  record Reals(List<Float> values) implements Attribute {}

  /** A constant tensor. */
  record Tensor(Constant value) implements Attribute {}
}
