package dev.preamble.onnx;

import ai.onnx.proto.OnnxMl;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.preamble.WholeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads the ONNX format into a {@link Graph}. */
public final class GraphReader {
  /** A graph file holds no weights; what is larger than this is not one of ours. */
  private static final long LARGEST_FILE = 256L << 20;

  private GraphReader() {}

  /**
   * Reads the graph in {@code file}.
   *
   * @throws GraphException if the file is missing, too large or not an ONNX model
   */
  public static Graph read(Path file) {
    try {
      long size = Files.size(file);
      if (size > LARGEST_FILE) {
        throw new GraphException(
            "%s: expected a graph of at most %d bytes with its weights in files beside it, found %d bytes"
                .formatted(file, LARGEST_FILE, size));
      }
      return read(Files.readAllBytes(file));
    } catch (InvalidProtocolBufferException fault) {
      throw new GraphException(
          file + ": expected an ONNX model, found bytes that are none; export it again", fault);
    } catch (IOException fault) {
      throw new GraphException(file + ": cannot be read: " + WholeFile.reason(fault), fault);
    }
  }

  private static Graph read(byte[] bytes) throws IOException {
    CodedInputStream stream = CodedInputStream.newInstance(bytes);
    OnnxMl.ModelProto model = OnnxMl.ModelProto.parseFrom(stream);
    OnnxMl.GraphProto proto = model.getGraph();
    Map<String, Long> opsets = new HashMap<>();
    model.getOpsetImportList().forEach(opset -> opsets.put(opset.getDomain(), opset.getVersion()));
    Map<String, Constant> constants = new LinkedHashMap<>();
    Map<String, Value> values = new LinkedHashMap<>();
    for (OnnxMl.TensorProto tensor : proto.getInitializerList()) {
      Constant constant = constant(tensor, tensor.getName());
      constants.put(constant.name(), constant);
      values.put(constant.name(), new Value(constant.name(), constant.type(), constant.shape()));
    }
    List<Value> inputs = proto.getInputList().stream().map(GraphReader::value).toList();
    List<Value> outputs = proto.getOutputList().stream().map(GraphReader::value).toList();
    proto.getValueInfoList().stream()
        .filter(info -> info.getType().getTensorType().hasShape())
        .map(GraphReader::value)
        .forEach(value -> values.putIfAbsent(value.name(), value));
    inputs.forEach(value -> values.put(value.name(), value));
    outputs.forEach(value -> values.put(value.name(), value));
    List<Node> nodes = new ArrayList<>();
    for (OnnxMl.NodeProto node : proto.getNodeList()) {
      if (node.getOpType().equals("Constant") && node.getDomain().isEmpty()) {
        Constant constant = constant(node);
        constants.put(constant.name(), constant);
        values.put(constant.name(), new Value(constant.name(), constant.type(), constant.shape()));
      } else {
        nodes.add(node(node));
      }
    }
    return new Graph(inputs, outputs, nodes, constants, values, opsets);
  }

  private static Node node(OnnxMl.NodeProto node) {
    Map<String, Attribute> attributes = new LinkedHashMap<>();
    for (OnnxMl.AttributeProto attribute : node.getAttributeList()) {
      attributes.put(attribute.getName(), attribute(attribute, node));
    }
    String domain = node.getDomain().equals("ai.onnx") ? "" : node.getDomain();
    return new Node(
        domain, node.getOpType(), node.getInputList(), node.getOutputList(), attributes);
  }

  private static Attribute attribute(OnnxMl.AttributeProto attribute, OnnxMl.NodeProto node) {
    return switch (attribute.getType()) {
      case INT -> new Attribute.Int(attribute.getI());
      case FLOAT -> new Attribute.Real(attribute.getF());
      case STRING -> new Attribute.Text(attribute.getS().toStringUtf8());
      case INTS -> new Attribute.Ints(List.copyOf(attribute.getIntsList()));
      case FLOATS -> new Attribute.Reals(List.copyOf(attribute.getFloatsList()));
      case TENSOR -> new Attribute.Tensor(constant(attribute.getT(), attribute.getName()));
      default ->
          throw new GraphException(
              "Node %s (%s): attribute %s of kind %s is not supported"
                  .formatted(
                      node.getName(), node.getOpType(), attribute.getName(), attribute.getType()));
    };
  }

  private static Constant constant(OnnxMl.NodeProto node) {
    OnnxMl.AttributeProto attribute = node.getAttribute(0);
    String name = node.getOutput(0);
    return switch (attribute.getName()) {
      case "value" -> constant(attribute.getT(), name);
      case "value_int" -> Constant.ofLong(name, attribute.getI());
      case "value_ints" ->
          Constant.ofLongs(
              name, attribute.getIntsList().stream().mapToLong(Long::longValue).toArray());
      case "value_float" -> Constant.ofFloat(name, attribute.getF());
      default ->
          throw new GraphException(
              "Constant %s: attribute %s is not supported".formatted(name, attribute.getName()));
    };
  }

  private static Constant constant(OnnxMl.TensorProto tensor, String name) {
    DataType type = DataType.ofCode(tensor.getDataType());
    Constant.Data data =
        tensor.getDataLocation() == OnnxMl.TensorProto.DataLocation.EXTERNAL
            ? external(tensor)
            : new Constant.Inline(inlineBytes(tensor, type));
    return new Constant(name, type, tensor.getDimsList(), data);
  }

  private static Constant.External external(OnnxMl.TensorProto tensor) {
    Map<String, String> entries = new HashMap<>();
    tensor.getExternalDataList().forEach(entry -> entries.put(entry.getKey(), entry.getValue()));
    try {
      return new Constant.External(
          entries.get("location"),
          Long.parseLong(entries.getOrDefault("offset", "0")),
          Long.parseLong(entries.get("length")));
    } catch (NumberFormatException fault) {
      throw new GraphException(
          "Weight %s: expected external data with location, offset and length, found %s"
              .formatted(tensor.getName(), entries),
          fault);
    }
  }

  private static byte[] inlineBytes(OnnxMl.TensorProto tensor, DataType type) {
    if (tensor.hasRawData()) {
      return tensor.getRawData().toByteArray();
    }
    int count =
        Math.max(
            tensor.getFloatDataCount(),
            Math.max(tensor.getInt64DataCount(), tensor.getInt32DataCount()));
    ByteBuffer buffer =
        ByteBuffer.allocate(Math.multiplyExact(count, type.bytes())).order(ByteOrder.LITTLE_ENDIAN);
    tensor.getFloatDataList().forEach(buffer::putFloat);
    tensor.getInt64DataList().forEach(buffer::putLong);
    for (int value : tensor.getInt32DataList()) {
      switch (type.bytes()) {
        case 1 -> buffer.put((byte) value);
        case 2 -> buffer.putShort((short) value);
        default -> buffer.putInt(value);
      }
    }
    return buffer.array();
  }

  private static Value value(OnnxMl.ValueInfoProto info) {
    OnnxMl.TypeProto.Tensor tensor = info.getType().getTensorType();
    List<Shape.Dimension> dimensions = new ArrayList<>();
    for (int i = 0; i < tensor.getShape().getDimCount(); i++) {
      OnnxMl.TensorShapeProto.Dimension dimension = tensor.getShape().getDim(i);
      dimensions.add(
          dimension.hasDimValue()
              ? Shape.Dimension.of(dimension.getDimValue())
              : Shape.Dimension.of(
                  dimension.getDimParam().isEmpty()
                      ? info.getName() + "." + i
                      : dimension.getDimParam()));
    }
    return new Value(info.getName(), DataType.ofCode(tensor.getElemType()), new Shape(dimensions));
  }
}
