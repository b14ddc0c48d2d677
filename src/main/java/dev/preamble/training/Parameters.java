package dev.preamble.training;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The arrays that a learning method consists of, by name, in a fixed order: values, or their
 * gradients. The arrays are shared with whoever asks for them; {@link #copy} gives others.
 */
public final class Parameters {
  private final Map<String, Parameter> byName = new LinkedHashMap<>();
  private final List<Parameter> all;

  /** Those that training moves, unless all are. */
  private final Optional<Parameters> trainable;

  /**
   * One array.
   *
   * @param name as PEFT calls it below {@code prompt_encoder.<adapter>}, such as {@code
   *     embedding.weight}
   * @param shape its dimensions
   * @param values row-major
   * @param trainable whether training moves it
   */
  public record Parameter(String name, List<Integer> shape, float[] values, boolean trainable) {
    /** Refuses values that do not fill the shape. */
    public Parameter {
      shape = List.copyOf(shape);
      if (size(shape) != values.length) {
        throw new TrainingException(
            "parameter %s: expected %d values for the shape %s, found %d"
                .formatted(name, size(shape), shape, values.length));
      }
    }

    /** An array that training moves. */
    public static Parameter trained(String name, float[] values, Integer... shape) {
      return new Parameter(name, List.of(shape), values, true);
    }

    /** An array that training leaves as it is. */
    public static Parameter frozen(String name, float[] values, Integer... shape) {
      return new Parameter(name, List.of(shape), values, false);
    }

    /** The same array with other values. */
    public Parameter with(float[] others) {
      return new Parameter(name, shape, others, trainable);
    }

    private static int size(List<Integer> shape) {
      int size = 1;
      for (int dimension : shape) {
        size = Math.multiplyExact(size, dimension);
      }
      return size;
    }
  }

  /** Parameters in the order given. */
  public Parameters(Collection<Parameter> parameters) {
    for (Parameter parameter : parameters) {
      if (byName.put(parameter.name(), parameter) != null) {
        throw new TrainingException("parameter " + parameter.name() + " is there twice");
      }
    }
    all = List.copyOf(byName.values());
    List<Parameter> moved = new ArrayList<>(all);
    moved.removeIf(parameter -> !parameter.trainable());
    trainable = moved.size() == all.size() ? Optional.empty() : Optional.of(new Parameters(moved));
  }

  /** Parameters in the order given. */
  public static Parameters of(Parameter... parameters) {
    return new Parameters(List.of(parameters));
  }

  /** All of them, in order. */
  public List<Parameter> all() {
    return all;
  }

  /** Those that training moves, with the same arrays. */
  public Parameters trainable() {
    return trainable.orElse(this);
  }

  /** Their names, in order. */
  public Set<String> names() {
    return java.util.Collections.unmodifiableSet(byName.keySet());
  }

  /**
   * The parameter called {@code name}.
   *
   * @throws TrainingException if there is none
   */
  public Parameter get(String name) {
    Parameter found = byName.get(name);
    if (found == null) {
      throw new TrainingException(
          "parameter %s: expected one of %s".formatted(name, byName.keySet()));
    }
    return found;
  }

  /** The values of the parameter called {@code name}. */
  public float[] values(String name) {
    return get(name).values();
  }

  /** Number of values in all of them. */
  public long size() {
    return all().stream().mapToLong(parameter -> parameter.values().length).sum();
  }

  /** The same with arrays of their own. */
  public Parameters copy() {
    List<Parameter> copies = new ArrayList<>();
    byName.values().forEach(each -> copies.add(each.with(each.values().clone())));
    return new Parameters(copies);
  }

  /** The same names and shapes with zeros. */
  public Parameters zeros() {
    List<Parameter> zeros = new ArrayList<>();
    byName.values().forEach(each -> zeros.add(each.with(new float[each.values().length])));
    return new Parameters(zeros);
  }

  /** The Euclidean norm over all values. */
  public double norm() {
    double sum = 0;
    for (Parameter parameter : byName.values()) {
      for (float value : parameter.values()) {
        sum += (double) value * value;
      }
    }
    return Math.sqrt(sum);
  }

  /** Multiplies every value by {@code factor}. */
  public void scale(float factor) {
    for (Parameter parameter : byName.values()) {
      float[] values = parameter.values();
      for (int i = 0; i < values.length; i++) {
        values[i] *= factor;
      }
    }
  }

  /** Adds {@code others}, which have the same names and shapes. */
  public void add(Parameters others) {
    for (Parameter parameter : byName.values()) {
      float[] values = parameter.values();
      float[] added = others.values(parameter.name());
      for (int i = 0; i < values.length; i++) {
        values[i] += added[i];
      }
    }
  }
}
