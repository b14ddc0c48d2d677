package dev.preamble.onnx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Adds operations to a {@link GraphEditor}, one method an operator, and works out the type and
 * shape of what each gives.
 */
public final class Ops {
  /** Stands for an input that is left out. */
  public static final Value LEFT_OUT = new Value("", DataType.FLOAT, Shape.of());

  private final GraphEditor editor;

  /** Operations go into {@code editor}. */
  public Ops(GraphEditor editor) {
    this.editor = editor;
  }

  // Constants

  /** A one-dimensional int64 constant. */
  public Value longs(long... values) {
    return editor.constant(Constant.ofLongs("longs:" + Arrays.toString(values), values));
  }

  /** An int64 scalar. */
  public Value scalar(long value) {
    return editor.constant(Constant.ofLong("long:" + value, value));
  }

  /** A float32 scalar. */
  public Value real(float value) {
    return editor.constant(Constant.ofFloat("real:" + value, value));
  }

  /** A scalar of a real {@code type}, for arithmetic with values of that type. */
  public Value real(float value, DataType type) {
    return type == DataType.FLOAT
        ? real(value)
        : editor.constant(Constant.ofReal(type + ":" + value, type, value));
  }

  // Element by element, with broadcasting

  /** a + b. */
  public Value add(Value a, Value b) {
    return binary("Add", a, b, a.type());
  }

  /** a - b. */
  public Value sub(Value a, Value b) {
    return binary("Sub", a, b, a.type());
  }

  /** a * b. */
  public Value mul(Value a, Value b) {
    return binary("Mul", a, b, a.type());
  }

  /** a / b. */
  public Value div(Value a, Value b) {
    return binary("Div", a, b, a.type());
  }

  /** The greater of a and b. */
  public Value max(Value a, Value b) {
    return binary("Max", a, b, a.type());
  }

  /** a >= b as booleans. */
  public Value greaterOrEqual(Value a, Value b) {
    return binary("GreaterOrEqual", a, b, DataType.BOOL);
  }

  /** a = b as booleans. */
  public Value equal(Value a, Value b) {
    return binary("Equal", a, b, DataType.BOOL);
  }

  /** a where {@code condition}, b elsewhere. */
  public Value where(Value condition, Value a, Value b) {
    Shape shape = broadcast(broadcast(condition.shape(), a.shape()), b.shape());
    return emit("", "Where", a.type(), shape, Map.of(), condition, a, b);
  }

  /** The element-wise operator {@code op} without attributes, such as {@code Sigmoid}. */
  public Value unary(String op, Value x) {
    return emit("", op, x.type(), x.shape(), Map.of(), x);
  }

  /** x converted to {@code type}. */
  public Value cast(Value x, DataType type) {
    if (x.type() == type) {
      return x;
    }
    return emit("", "Cast", type, x.shape(), Map.of("to", new Attribute.Int(type.code())), x);
  }

  // Products

  /** a b over the last two dimensions, the others broadcast. */
  public Value matMul(Value a, Value b) {
    return matMul(a, false, b, false, 1);
  }

  /** {@code alpha} op(a) op(b) over the last two dimensions, op transposing where asked. */
  public Value matMul(Value a, boolean transposeA, Value b, boolean transposeB, float alpha) {
    Shape left = a.shape().rank() < 2 || !transposeA ? a.shape() : swapped(a.shape());
    Shape right = b.shape().rank() < 2 || !transposeB ? b.shape() : swapped(b.shape());
    List<Shape.Dimension> dimensions = new ArrayList<>();
    Shape batch = broadcast(outer(left), outer(right));
    dimensions.addAll(batch.dimensions());
    dimensions.add(left.at(-2));
    dimensions.add(right.at(-1));
    Shape shape = new Shape(dimensions);
    if (!transposeA && !transposeB && alpha == 1) {
      return emit("", "MatMul", a.type(), shape, Map.of(), a, b);
    }
    Map<String, Attribute> attributes =
        Map.of(
            "transA", new Attribute.Int(transposeA ? 1 : 0),
            "transB", new Attribute.Int(transposeB ? 1 : 0),
            "alpha", new Attribute.Real(alpha));
    return emit(Node.CONTRIB, "FusedMatMul", a.type(), shape, attributes, a, b);
  }

  // Moving elements

  /** x with its dimensions in the order {@code axes}. */
  public Value transpose(Value x, int... axes) {
    List<Long> permutation = Arrays.stream(axes).mapToObj(axis -> (long) axis).toList();
    Shape shape = new Shape(Arrays.stream(axes).mapToObj(axis -> x.shape().at(axis)).toList());
    return emit(
        "", "Transpose", x.type(), shape, Map.of("perm", new Attribute.Ints(permutation)), x);
  }

  /**
   * x with the shape that {@code target} states: 0 keeps the dimension at the same place, one -1 is
   * worked out when the graph runs. {@code shape} says what comes out.
   */
  public Value reshape(Value x, Shape shape, long... target) {
    return emit("", "Reshape", x.type(), shape, Map.of(), x, longs(target));
  }

  /** As above with every size worked out in the graph, an int64 vector; 0 means none. */
  public Value reshape(Value x, Shape shape, Value target) {
    return emit(
        "", "Reshape", x.type(), shape, Map.of("allowzero", new Attribute.Int(1)), x, target);
  }

  /** x with a dimension of size 1 put in at each of {@code axes} (positions in the result). */
  public Value unsqueeze(Value x, long... axes) {
    List<Shape.Dimension> dimensions = new ArrayList<>(x.shape().dimensions());
    for (long axis : axes) {
      dimensions.add((int) axis, Shape.Dimension.of(1));
    }
    return emit("", "Unsqueeze", x.type(), new Shape(dimensions), Map.of(), x, longs(axes));
  }

  /** x broadcast to the shape and sizes of {@code like}. */
  public Value expand(Value x, Value like) {
    return emit(
        "", "Expand", x.type(), like.shape(), Map.of(), x, sizes(like, 0, like.shape().rank()));
  }

  /**
   * Zeros of the shape of {@code like}, {@code parts} added at {@code indices} along {@code axis};
   * parts that meet in one place are summed. (ScatterElements sums them correctly on several
   * threads, ScatterND does not; its CPU kernel adds in float32 alone.)
   */
  public Value scatterSum(Value like, int axis, Value indices, Value parts) {
    Value zeros =
        emit(
            "",
            "ConstantOfShape",
            DataType.FLOAT,
            like.shape(),
            Map.of(),
            sizes(like, 0, like.shape().rank()));
    Value sum =
        emit(
            "",
            "ScatterElements",
            DataType.FLOAT,
            like.shape(),
            Map.of("axis", new Attribute.Int(axis), "reduction", new Attribute.Text("add")),
            zeros,
            indices,
            cast(parts, DataType.FLOAT));
    return cast(sum, parts.type());
  }

  /** The slices of x along {@code axis} that {@code indices} names; negative ones from the end. */
  public Value gather(Value x, Value indices, int axis) {
    List<Shape.Dimension> dimensions = new ArrayList<>(x.shape().dimensions());
    dimensions.remove(axis);
    dimensions.addAll(axis, indices.shape().dimensions());
    return emit(
        "",
        "Gather",
        x.type(),
        new Shape(dimensions),
        Map.of("axis", new Attribute.Int(axis)),
        x,
        indices);
  }

  /** The parts joined along {@code axis}. */
  public Value concat(int axis, Value... parts) {
    Shape first = parts[0].shape();
    boolean fixed = Stream.of(parts).allMatch(part -> part.shape().at(axis).isFixed());
    Shape.Dimension joined =
        fixed
            ? Shape.Dimension.of(
                Stream.of(parts).mapToLong(part -> part.shape().at(axis).size()).sum())
            : Shape.Dimension.of(
                String.join(
                    "+", Stream.of(parts).map(part -> part.shape().at(axis).toString()).toList()));
    return emit(
        "",
        "Concat",
        parts[0].type(),
        first.with(axis, joined),
        Map.of("axis", new Attribute.Int(axis)),
        parts);
  }

  /** x cut along {@code axis} into parts of the sizes in the int64 vector {@code sizes}. */
  public List<Value> split(Value x, int axis, Value sizes, Shape.Dimension... dimensions) {
    List<Value> parts = new ArrayList<>();
    for (Shape.Dimension dimension : dimensions) {
      String name = editor.fresh("Split");
      parts.add(editor.define(name, x.type(), x.shape().with(axis, dimension)));
    }
    editor.add(
        new Node(
            "",
            "Split",
            List.of(x.name(), sizes.name()),
            parts.stream().map(Value::name).toList(),
            Map.of("axis", new Attribute.Int(axis))));
    return parts;
  }

  /** Elements {@code from} (inclusive) to {@code to} (exclusive) along {@code axis}. */
  public Value slice(Value x, int axis, Value from, Value to, Shape.Dimension size) {
    return emit(
        "",
        "Slice",
        x.type(),
        x.shape().with(axis, size),
        Map.of(),
        x,
        from,
        to,
        longs(axis < 0 ? axis + x.shape().rank() : axis));
  }

  /** x repeated along {@code axis} until it has {@code count} copies. */
  public Value repeat(Value x, int axis, int count) {
    if (count == 1) {
      return x;
    }
    Value[] copies = new Value[count];
    Arrays.fill(copies, x);
    return concat(axis, copies);
  }

  // Reductions

  /** The sum over {@code axis}, which stays as size 1. */
  public Value sum(Value x, int axis) {
    return reduce("ReduceSum", x, axis);
  }

  /** The sum over all elements, a scalar. */
  public Value sum(Value x) {
    return emit("", "ReduceSum", x.type(), Shape.of(), Map.of("keepdims", new Attribute.Int(0)), x);
  }

  /** The mean over {@code axis}, which stays as size 1. */
  public Value mean(Value x, int axis) {
    return reduce("ReduceMean", x, axis);
  }

  private Value reduce(String op, Value x, int axis) {
    int position = axis < 0 ? axis + x.shape().rank() : axis;
    return emit(
        "",
        op,
        x.type(),
        x.shape().with(position, Shape.Dimension.of(1)),
        Map.of("keepdims", new Attribute.Int(1)),
        x,
        longs(position));
  }

  /** Softmax over the last dimension. */
  public Value softmax(Value x) {
    return emit("", "Softmax", x.type(), x.shape(), Map.of("axis", new Attribute.Int(-1)), x);
  }

  /** Logarithm of softmax over the last dimension. */
  public Value logSoftmax(Value x) {
    return emit("", "LogSoftmax", x.type(), x.shape(), Map.of("axis", new Attribute.Int(-1)), x);
  }

  // Shapes at run time

  /**
   * The sizes of dimensions {@code from} (inclusive) to {@code to} (exclusive), an int64 vector.
   */
  public Value sizes(Value x, int from, int to) {
    return emit(
        "",
        "Shape",
        DataType.INT64,
        Shape.of(to - from),
        Map.of("start", new Attribute.Int(from), "end", new Attribute.Int(to)),
        x);
  }

  /** 0, 1, … up to the size of dimension {@code axis} of x, an int64 vector. */
  public Value positions(Value x, int axis) {
    Value size =
        emit("", "Squeeze", DataType.INT64, Shape.of(), Map.of(), sizes(x, axis, axis + 1));
    return emit(
        "",
        "Range",
        DataType.INT64,
        Shape.of(x.shape().at(axis)),
        Map.of(),
        scalar(0),
        size,
        scalar(1));
  }

  // Kernels

  /** Whether kernels may be used on {@code values}. */
  public boolean hasKernelsFor(Value... values) {
    return editor.operators() == Operators.KERNELS
        && Stream.of(values).allMatch(value -> value.type() == DataType.FLOAT);
  }

  /** Adds the kernel {@code name}, whose output is of {@code shape}. */
  public Value kernel(String name, Shape shape, Value... inputs) {
    return kernel(name, List.of(shape), inputs).getFirst();
  }

  /** Adds the kernel {@code name}, whose outputs are of {@code shapes}. */
  public List<Value> kernel(String name, List<Shape> shapes, Value... inputs) {
    List<Value> outputs =
        shapes.stream()
            .map(shape -> editor.define(editor.fresh(name), DataType.FLOAT, shape))
            .toList();
    editor.add(
        new Node(
            Node.KERNELS,
            name,
            Stream.of(inputs).map(Value::name).toList(),
            outputs.stream().map(Value::name).toList(),
            Map.of()));
    return outputs;
  }

  // Anything

  /** Adds the operator {@code domain:op} with one output of the given type and shape. */
  public Value emit(
      String domain,
      String op,
      DataType type,
      Shape shape,
      Map<String, Attribute> attributes,
      Value... inputs) {
    String name = editor.fresh(op);
    editor.add(
        new Node(
            domain, op, Stream.of(inputs).map(Value::name).toList(), List.of(name), attributes));
    return editor.define(name, type, shape);
  }

  private Value binary(String op, Value a, Value b, DataType type) {
    return emit("", op, type, broadcast(a.shape(), b.shape()), Map.of(), a, b);
  }

  /** The shape that a and b broadcast to. */
  static Shape broadcast(Shape a, Shape b) {
    if (a.rank() < b.rank()) {
      return broadcast(b, a);
    }
    List<Shape.Dimension> dimensions = new ArrayList<>(a.dimensions());
    for (int i = 1; i <= b.rank(); i++) {
      Shape.Dimension left = a.at(-i);
      Shape.Dimension right = b.at(-i);
      Shape.Dimension joint =
          left.isOne() || (!left.isFixed() && right.isFixed() && !right.isOne()) ? right : left;
      dimensions.set(a.rank() - i, joint);
    }
    return new Shape(dimensions);
  }

  private static Shape swapped(Shape shape) {
    return shape.with(-1, shape.at(-2)).with(-2, shape.at(-1));
  }

  private static Shape outer(Shape shape) {
    return new Shape(shape.dimensions().subList(0, shape.rank() - 2));
  }
}
