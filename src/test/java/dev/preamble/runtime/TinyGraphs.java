package dev.preamble.runtime;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.List;

/** ONNX files of a node or two. */
final class TinyGraphs {
  private TinyGraphs() {}

  /** y [rows, 2] = x [rows, 3] times w [3, 2], all inputs. */
  static byte[] matMul() {
    return model(
        GraphProto.newBuilder()
            .addInput(value("x", ElementType.FLOAT32, "rows", 3))
            .addInput(value("w", ElementType.FLOAT32, 3, 2))
            .addOutput(value("y", ElementType.FLOAT32, "rows", 2))
            .addNode(node("MatMul", List.of("x", "w"), "y")));
  }

  /** y [rows, outputs] = x [rows, inputs] times w, stored in a file that is not there. */
  static byte[] matMulWithExternalWeight(int inputs, int outputs) {
    TensorProto weight =
        TensorProto.newBuilder()
            .setName("w")
            .setDataType(ElementType.FLOAT32.code())
            .addDims(inputs)
            .addDims(outputs)
            .setDataLocation(TensorProto.DataLocation.EXTERNAL)
            .addExternalData(entry("location", "nowhere.safetensors"))
            .addExternalData(entry("offset", "0"))
            .addExternalData(entry("length", Long.toString(4L * inputs * outputs)))
            .build();
    return model(
        GraphProto.newBuilder()
            .addInput(value("x", ElementType.FLOAT32, "rows", inputs))
            .addOutput(value("y", ElementType.FLOAT32, "rows", outputs))
            .addInitializer(weight)
            .addNode(node("MatMul", List.of("x", "w"), "y")));
  }

  /** One layer of cached attention: {@code heads} query heads over one key/value head. */
  static byte[] attention(int heads, int size) {
    NodeProto node =
        node("GroupQueryAttention", List.of("q", "k", "v", "pk", "pv", "lengths", "total"), "y")
            .toBuilder()
            .setDomain("com.microsoft")
            .addOutput("nk")
            .addOutput("nv")
            .addAttribute(attribute("num_heads", heads))
            .addAttribute(attribute("kv_num_heads", 1))
            .build();
    return model(
        GraphProto.newBuilder()
            .addInput(value("q", ElementType.FLOAT32, "batch", "sequence", heads * size))
            .addInput(value("k", ElementType.FLOAT32, "batch", "sequence", size))
            .addInput(value("v", ElementType.FLOAT32, "batch", "sequence", size))
            .addInput(value("pk", ElementType.FLOAT32, "batch", 1, "capacity", size))
            .addInput(value("pv", ElementType.FLOAT32, "batch", 1, "capacity", size))
            .addInput(value("lengths", ElementType.INT32, "batch"))
            .addInput(value("total", ElementType.INT32))
            .addOutput(value("y", ElementType.FLOAT32, "batch", "sequence", heads * size))
            .addOutput(value("nk", ElementType.FLOAT32, "batch", 1, "capacity", size))
            .addOutput(value("nv", ElementType.FLOAT32, "batch", 1, "capacity", size))
            .addNode(node));
  }

  /** y = x squared {@code times} times over, as a chain of matrix products. */
  static byte[] chain(int times) {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(value("x", ElementType.FLOAT32, "n", "n"))
            .addOutput(value("y", ElementType.FLOAT32, "n", "n"));
    String last = "x";
    for (int index = 0; index < times; index++) {
      String next = index == times - 1 ? "y" : "m" + index;
      graph.addNode(node("MatMul", List.of(last, "x"), next));
      last = next;
    }
    return model(graph);
  }

  /** y = x, of any element type. */
  static byte[] identity(ElementType type) {
    return model(
        GraphProto.newBuilder()
            .addInput(value("x", type, "n"))
            .addOutput(value("y", type, "n"))
            .addNode(node("Identity", List.of("x"), "y")));
  }

  static byte[] model(GraphProto.Builder graph) {
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("com.microsoft").setVersion(1))
        .setGraph(graph.setName("tiny"))
        .build()
        .toByteArray();
  }

  static NodeProto node(String type, List<String> inputs, String output) {
    return NodeProto.newBuilder().setOpType(type).addAllInput(inputs).addOutput(output).build();
  }

  /** A declaration; an axis is a number or a symbol. */
  static ValueInfoProto value(String name, ElementType type, Object... axes) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (Object axis : axes) {
      TensorShapeProto.Dimension.Builder dimension = TensorShapeProto.Dimension.newBuilder();
      if (axis instanceof Integer size) {
        dimension.setDimValue(size);
      } else {
        dimension.setDimParam((String) axis);
      }
      shape.addDim(dimension);
    }
    TypeProto.Tensor tensor =
        TypeProto.Tensor.newBuilder().setElemType(type.code()).setShape(shape).build();
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }

  private static AttributeProto attribute(String name, long value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.INT)
        .setI(value)
        .build();
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }
}
