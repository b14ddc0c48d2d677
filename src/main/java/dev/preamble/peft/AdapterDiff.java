package dev.preamble.peft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.preamble.safetensors.TensorView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What tells two adapters apart.
 *
 * @param fields fields of the configuration that differ, in the order of their names
 * @param tensors all tensors of both, in the order of their names
 */
public record AdapterDiff(List<FieldDifference> fields, List<TensorDifference> tensors) {
  /**
   * A field whose values differ, as JSON; empty where an adapter has no such field.
   *
   * @param name name in {@code adapter_config.json}
   * @param left value in the first adapter
   * @param right value in the second
   */
  public record FieldDifference(String name, Optional<String> left, Optional<String> right) {}

  /**
   * A tensor in one or both adapters.
   *
   * @param name its name
   * @param left dtype and shape in the first adapter
   * @param right dtype and shape in the second
   * @param distance how far apart the values are, where the shapes are equal
   */
  public record TensorDifference(
      String name, Optional<String> left, Optional<String> right, Optional<Distance> distance) {
    /** Whether dtype, shape and all values are equal. */
    public boolean same() {
      return left.equals(right) && distance.filter(d -> d.differing() == 0).isPresent();
    }
  }

  /**
   * How far the values of two tensors are apart.
   *
   * @param differing number of elements that are not equal
   * @param absolute largest {@code |a - b|}
   * @param relative largest {@code |a - b| / max(|a|, |b|)}
   */
  public record Distance(long differing, double absolute, double relative) {}

  public AdapterDiff {
    fields = List.copyOf(fields);
    tensors = List.copyOf(tensors);
  }

  /** Compares {@code left} with {@code right}. */
  public static AdapterDiff of(Adapter left, Adapter right) {
    return new AdapterDiff(
        fields(left.config().toJson(), right.config().toJson()), tensors(left, right));
  }

  /** Whether configuration and tensors are equal. */
  public boolean same() {
    return fields.isEmpty() && tensors.stream().allMatch(TensorDifference::same);
  }

  private static List<FieldDifference> fields(ObjectNode left, ObjectNode right) {
    TreeSet<String> names = new TreeSet<>();
    left.fieldNames().forEachRemaining(names::add);
    right.fieldNames().forEachRemaining(names::add);
    List<FieldDifference> differences = new ArrayList<>();
    for (String name : names) {
      Optional<String> from = Optional.ofNullable(left.get(name)).map(JsonNode::toString);
      Optional<String> to = Optional.ofNullable(right.get(name)).map(JsonNode::toString);
      if (!from.equals(to)) {
        differences.add(new FieldDifference(name, from, to));
      }
    }
    return differences;
  }

  private static List<TensorDifference> tensors(Adapter left, Adapter right) {
    TreeSet<String> names = new TreeSet<>();
    left.tensors().forEach(tensor -> names.add(tensor.name()));
    right.tensors().forEach(tensor -> names.add(tensor.name()));
    return names.stream().map(name -> tensor(name, left.find(name), right.find(name))).toList();
  }

  private static TensorDifference tensor(
      String name, Optional<TensorView> left, Optional<TensorView> right) {
    boolean comparable =
        left.isPresent()
            && right.isPresent()
            && left.get().shape().equals(right.get().shape())
            && left.get().dtype().convertsToFloat()
            && right.get().dtype().convertsToFloat();
    return new TensorDifference(
        name,
        left.map(tensor -> tensor.dtype() + " " + tensor.shape()),
        right.map(tensor -> tensor.dtype() + " " + tensor.shape()),
        comparable ? Optional.of(distance(left.get(), right.get())) : Optional.empty());
  }

  private static Distance distance(TensorView left, TensorView right) {
    float[] a = new float[(int) Math.min(8192, left.elements())];
    float[] b = new float[a.length];
    long differing = 0;
    double absolute = 0;
    double relative = 0;
    for (long first = 0; first < left.elements(); first += a.length) {
      int length = (int) Math.min(a.length, left.elements() - first);
      left.copyFloats(first, a, 0, length);
      right.copyFloats(first, b, 0, length);
      for (int i = 0; i < length; i++) {
        if (a[i] != b[i]) {
          differing++;
          double apart = Math.abs((double) a[i] - b[i]);
          absolute = Math.max(absolute, apart);
          relative = Math.max(relative, apart / Math.max(Math.abs(a[i]), Math.abs(b[i])));
        }
      }
    }
    return new Distance(differing, absolute, relative);
  }
}
