"""A graph in half precision made to compute in float32, for comparing it exactly."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir

_HALF = (ir.DataType.FLOAT16, ir.DataType.BFLOAT16)


def widened(content: bytes) -> bytes:
    """An ONNX file's content with every value of half precision in float32.

    Weights stay where they are, with a Cast behind them. Quantised products take inputs as they are.
    """
    model = ir.from_proto(onnx.ModelProto.FromString(content))
    graph = model.graph
    first = graph[0]
    for value in list(graph.initializers.values()):
        if value.dtype not in _HALF:
            continue
        if isinstance(value.const_value, ir.ExternalTensor):
            output = ir.Value(name=f"{value.name}/Widened", shape=value.shape, type=ir.TensorType(ir.DataType.FLOAT))
            ir.convenience.replace_all_uses_with(value, output)
            graph.insert_before(first, ir.node("Cast", [value], {"to": ir.DataType.FLOAT}, outputs=[output]))
        else:
            value.const_value = ir.tensor(value.const_value.numpy().astype(np.float32), name=value.name)
            value.type = ir.TensorType(ir.DataType.FLOAT)
    for value in (*graph.inputs, *(output for node in graph for output in node.outputs)):
        if value.dtype in _HALF:
            value.type = ir.TensorType(ir.DataType.FLOAT)
    for node in graph:
        if node.op_type == "Cast" and ir.DataType(node.attributes["to"].as_int()) in _HALF:
            node.attributes["to"] = ir.convenience.convert_attribute("to", int(ir.DataType.FLOAT))
        if node.op_type == "MatMulNBits":
            node.attributes["accuracy_level"] = ir.convenience.convert_attribute("accuracy_level", 1)
    return ir.to_proto(model).SerializeToString()
