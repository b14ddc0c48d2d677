package dev.preamble.onnx;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A tensor's dimensions, outermost first: each a number known when the graph is built, or a symbol
 * that is bound when it runs. Equal symbols mean equal sizes.
 */
public record Shape(List<Dimension> dimensions) {

  /** One dimension: {@code symbol} empty and {@code size} known, or the reverse with size -1. */
  public record Dimension(String symbol, long size) {
    /** A size known when the graph is built. */
    public static Dimension of(long size) {
      return new Dimension("", size);
    }

    /** A size known only when the graph runs. */
    public static Dimension of(String symbol) {
      return new Dimension(symbol, -1);
    }

    /** Whether the size is known when the graph is built. */
    public boolean isFixed() {
      return size >= 0;
    }

    /** Whether the size is known to be 1. */
    public boolean isOne() {
      return size == 1;
    }

    @Override
    public String toString() {
      return isFixed() ? Long.toString(size) : symbol;
    }
  }

  /** Copies the list. */
  public Shape {
    dimensions = List.copyOf(dimensions);
  }

  /** A shape of numbers ({@link Number}), symbols ({@link String}) and {@link Dimension}s. */
  public static Shape of(Object... dimensions) {
    List<Dimension> list = new ArrayList<>();
    for (Object dimension : dimensions) {
      list.add(
          switch (dimension) {
            case Number size -> Dimension.of(size.longValue());
            case String symbol -> Dimension.of(symbol);
            case Dimension ready -> ready;
            default -> throw new IllegalArgumentException("not a dimension: " + dimension);
          });
    }
    return new Shape(list);
  }

  /** Number of dimensions. */
  public int rank() {
    return dimensions.size();
  }

  /** Dimension {@code axis}; negative axes count from the last. */
  public Dimension at(int axis) {
    return dimensions.get(axis < 0 ? axis + rank() : axis);
  }

  /** This shape with {@code dimension} at {@code axis} (negative axes count from the last). */
  public Shape with(int axis, Dimension dimension) {
    List<Dimension> list = new ArrayList<>(dimensions);
    list.set(axis < 0 ? axis + rank() : axis, dimension);
    return new Shape(list);
  }

  /** Number of dimensions whose size is unknown until the graph runs. */
  public int symbols() {
    return (int) dimensions.stream().filter(dimension -> !dimension.isFixed()).count();
  }

  @Override
  public String toString() {
    return dimensions.stream().map(Dimension::toString).collect(Collectors.joining(", ", "[", "]"));
  }
}
