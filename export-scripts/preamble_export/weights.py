"""Points each parameter of a graph at its bytes in the checkpoint, so that no weight is copied."""

from __future__ import annotations

import onnx_ir as ir
import safetensors.numpy

from .checkpoint import DTYPE_NAMES, Checkpoint, StoredTensor
from .errors import ExportError
from .trace import Trace

EXTRA_FILE = "preamble.weights.safetensors"
INLINE_LIMIT = 65536
_DTYPES = {"F32": ir.DataType.FLOAT, "F16": ir.DataType.FLOAT16, "BF16": ir.DataType.BFLOAT16}


class StoredWeights:
    """The checkpoint's tensors by the names that the traced model gives its parameters."""

    def __init__(self, checkpoint: Checkpoint, trace: Trace):
        self._checkpoint = checkpoint
        self._shared = trace.shared
        self._tensors = {trace.parameter_of(name): tensor for name, tensor in checkpoint.tensors.items()}

    def __getitem__(self, name: str) -> StoredTensor:
        for candidate in self._shared.get(name, (name,)):
            if candidate in self._tensors:
                return self._tensors[candidate]
        raise ExportError(
            f"{self._checkpoint.directory}: the weights hold no tensor {name!r} that config.json asks for; "
            f"looked in {', '.join(self._checkpoint.weight_files)}"
        )


def point_at_checkpoint(model: ir.Model, stored: StoredWeights) -> None:
    """Replaces every parameter by external data in the checkpoint's own files.

    A parameter stored in another type than the graph computes in gets a Cast behind it, which is
    what its users read.
    """
    graph = model.graph
    readers: dict[str, list[ir.Value]] = {}
    tensors: dict[str, StoredTensor] = {}
    for value in [v for v in graph.initializers.values() if v.const_value is None]:
        tensor = stored[value.name]
        if tensor.dtype not in _DTYPES:
            raise ExportError(
                f"{tensor.file}: {tensor.name} has dtype {tensor.dtype}; expected one of {', '.join(DTYPE_NAMES)}"
            )
        if tensor.shape != tuple(value.shape):
            raise ExportError(
                f"{tensor.file}: {tensor.name} has shape {list(tensor.shape)}; config.json asks for {list(value.shape)}"
            )
        readers.setdefault(tensor.name, []).append(value)
        tensors[tensor.name] = tensor
        del graph.initializers[value.name]
    order = {node: index for index, node in enumerate(graph)}
    for name, values in readers.items():
        parameter = _external(tensors[name])
        graph.register_initializer(parameter)
        if parameter.dtype != values[0].dtype:
            cast = _cast(parameter, values[0].dtype)
            graph.insert_before(min((n for v in values for n, _ in v.uses()), key=order.get), cast)
            parameter = cast.outputs[0]
        ir.convenience.replace_all_uses_with(values, [parameter] * len(values))


def _external(tensor: StoredTensor) -> ir.Value:
    dtype, shape = _DTYPES[tensor.dtype], ir.Shape(tensor.shape)
    data = ir.ExternalTensor(tensor.file, tensor.offset, tensor.length, dtype, shape=shape, name=tensor.name)
    return ir.Value(name=tensor.name, shape=shape, type=ir.TensorType(dtype), const_value=data)


def _cast(parameter: ir.Value, dtype: ir.DataType) -> ir.Node:
    name = f"{parameter.name}/Cast"
    output = ir.Value(name=name, shape=parameter.shape, type=ir.TensorType(dtype))
    return ir.node("Cast", [parameter], {"to": dtype}, name=name, outputs=[output])


def move_large_constants(model: ir.Model) -> bytes | None:
    """Takes constants above :data:`INLINE_LIMIT` bytes, which no checkpoint holds, out of the graph.

    Returns the content of :data:`EXTRA_FILE`, where the graph finds them, or None if there are none.
    """
    graph = model.graph
    large = {
        value.name: value.const_value.numpy()
        for value in graph.initializers.values()
        if not isinstance(value.const_value, ir.ExternalTensor) and value.const_value.nbytes > INLINE_LIMIT
    }
    if not large:
        return None
    content = safetensors.numpy.save(large)
    header = 8 + int.from_bytes(content[:8], "little")
    for name, entry in safetensors.deserialize(content):
        value = graph.initializers[name]
        data = bytes(entry["data"])
        value.const_value = ir.ExternalTensor(
            EXTRA_FILE, content.index(data, header), len(data), value.dtype, shape=value.shape, name=name
        )
    return content
