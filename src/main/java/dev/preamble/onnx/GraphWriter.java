package dev.preamble.onnx;

import ai.onnx.proto.OnnxMl;
import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Writes a {@link Graph} in the ONNX format. Equal graphs give equal bytes. */
public final class GraphWriter {
  /** The version of the format itself: the first whose tensors may all be what we write. */
  private static final long IR_VERSION = 10;

  private GraphWriter() {}

  /** The graph as a model file's bytes; weights in files stay where they are. */
  public static byte[] write(Graph graph) {
    OnnxMl.GraphProto.Builder proto = OnnxMl.GraphProto.newBuilder().setName("preamble");
    graph.inputs().forEach(value -> proto.addInput(value(value)));
    graph.outputs().forEach(value -> proto.addOutput(value(value)));
    new TreeMap<>(graph.constants())
        .values()
        .forEach(constant -> proto.addInitializer(tensor(constant)));
    graph.nodes().forEach(node -> proto.addNode(node(node)));
    between(graph).forEach(value -> proto.addValueInfo(value(value)));
    OnnxMl.ModelProto.Builder model =
        OnnxMl.ModelProto.newBuilder()
            .setIrVersion(IR_VERSION)
            .setProducerName("preamble")
            .setGraph(proto);
    for (Map.Entry<String, Long> opset : new TreeMap<>(graph.opsets()).entrySet()) {
      model.addOpsetImport(
          OnnxMl.OperatorSetIdProto.newBuilder()
              .setDomain(opset.getKey())
              .setVersion(opset.getValue()));
    }
    return model.build().toByteArray();
  }

  /**
   * What nodes give each other, as far as its type and shape are known. ONNX Runtime writes a
   * result over an operand that nothing else reads only where it knows that both have one shape,
   * and what it finds out for itself ends at every shape that is worked out when the graph runs.
   */
  private static List<Value> between(Graph graph) {
    Set<String> outputs = graph.outputs().stream().map(Value::name).collect(Collectors.toSet());
    return graph.nodes().stream()
        .flatMap(node -> node.outputs().stream())
        .filter(name -> !outputs.contains(name) && graph.values().containsKey(name))
        .map(graph.values()::get)
        .toList();
  }

  private static OnnxMl.ValueInfoProto value(Value value) {
    OnnxMl.TensorShapeProto.Builder shape = OnnxMl.TensorShapeProto.newBuilder();
    for (Shape.Dimension dimension : value.shape().dimensions()) {
      var builder = OnnxMl.TensorShapeProto.Dimension.newBuilder();
      if (dimension.isFixed()) {
        builder.setDimValue(dimension.size());
      } else {
        builder.setDimParam(dimension.symbol());
      }
      shape.addDim(builder);
    }
    return OnnxMl.ValueInfoProto.newBuilder()
        .setName(value.name())
        .setType(
            OnnxMl.TypeProto.newBuilder()
                .setTensorType(
                    OnnxMl.TypeProto.Tensor.newBuilder()
                        .setElemType(value.type().code())
                        .setShape(shape)))
        .build();
  }

  private static OnnxMl.NodeProto node(Node node) {
    OnnxMl.NodeProto.Builder proto =
        OnnxMl.NodeProto.newBuilder()
            .setName(node.outputs().getFirst())
            .setOpType(node.op())
            .setDomain(node.domain())
            .addAllInput(node.inputs())
            .addAllOutput(node.outputs());
    new TreeMap<>(node.attributes())
        .forEach((name, attribute) -> proto.addAttribute(attribute(name, attribute)));
    return proto.build();
  }

  private static OnnxMl.AttributeProto attribute(String name, Attribute attribute) {
    OnnxMl.AttributeProto.Builder proto = OnnxMl.AttributeProto.newBuilder().setName(name);
    switch (attribute) {
      case Attribute.Int(long value) ->
          proto.setType(OnnxMl.AttributeProto.AttributeType.INT).setI(value);
      case Attribute.Real(float value) ->
          proto.setType(OnnxMl.AttributeProto.AttributeType.FLOAT).setF(value);
      case Attribute.Text(String value) ->
          proto
              .setType(OnnxMl.AttributeProto.AttributeType.STRING)
              .setS(ByteString.copyFromUtf8(value));
      case Attribute.Ints ints ->
          proto.setType(OnnxMl.AttributeProto.AttributeType.INTS).addAllInts(ints.values());
      case Attribute.Reals reals ->
          proto.setType(OnnxMl.AttributeProto.AttributeType.FLOATS).addAllFloats(reals.values());
      case Attribute.Tensor(Constant value) ->
          proto.setType(OnnxMl.AttributeProto.AttributeType.TENSOR).setT(tensor(value));
    }
    return proto.build();
  }

  private static OnnxMl.TensorProto tensor(Constant constant) {
    OnnxMl.TensorProto.Builder proto =
        OnnxMl.TensorProto.newBuilder()
            .setName(constant.name())
            .setDataType(constant.type().code())
            .addAllDims(constant.dimensions());
    switch (constant.data()) {
      case Constant.Inline(byte[] bytes) -> proto.setRawData(ByteString.copyFrom(bytes));
      case Constant.External(String location, long offset, long length) ->
          proto
              .setDataLocation(OnnxMl.TensorProto.DataLocation.EXTERNAL)
              .addExternalData(entry("location", location))
              .addExternalData(entry("offset", Long.toString(offset)))
              .addExternalData(entry("length", Long.toString(length)));
    }
    return proto.build();
  }

  private static OnnxMl.StringStringEntryProto entry(String key, String value) {
    return OnnxMl.StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }
}
