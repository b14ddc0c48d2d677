"""Points each parameter of a graph at its bytes in the checkpoint, so that no weight is copied."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx_ir as ir

from . import own
from .checkpoint import DTYPE_NAMES, Checkpoint, StoredTensor
from .errors import ExportError
from .trace import Trace

INLINE_LIMIT = 65536
_DTYPES = {"F32": ir.DataType.FLOAT, "F16": ir.DataType.FLOAT16, "BF16": ir.DataType.BFLOAT16}
_PART = 1 << 24  # elements that are converted at once


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

    def checked(self, parameter: ir.Value) -> StoredTensor:
        """The tensor of a graph's parameter, its type known and its shape the parameter's."""
        tensor = self[parameter.name]
        if tensor.dtype not in _DTYPES:
            raise ExportError(
                f"{tensor.file}: {tensor.name} has dtype {tensor.dtype}; expected one of {', '.join(DTYPE_NAMES)}"
            )
        if tensor.shape != tuple(parameter.shape):
            raise ExportError(
                f"{tensor.file}: {tensor.name} has shape {list(tensor.shape)}; "
                f"config.json asks for {list(parameter.shape)}"
            )
        return tensor

    def values(self, tensor: StoredTensor) -> np.ndarray:
        """A tensor's values, mapped from the file."""
        path = self._checkpoint.directory / tensor.file
        dtype = _DTYPES[tensor.dtype].numpy()
        return np.memmap(path, dtype, "r", tensor.offset, tensor.shape)

    def converted(self, tensor: StoredTensor, dtype: ir.DataType) -> Iterator[np.ndarray]:
        """A tensor's values in another type, in parts."""
        flat = self.values(tensor).reshape(-1)
        for start in range(0, len(flat), _PART):
            part = flat[start : start + _PART]
            with np.errstate(over="ignore"):
                changed = part.astype(np.float32).astype(dtype.numpy())
            if (np.isinf(changed.astype(np.float32)) & ~np.isinf(part.astype(np.float32))).any():
                raise ExportError(
                    f"{tensor.file}: {tensor.name} has values that exceed {dtype.name.lower()}; use --dtype bfloat16"
                )
            yield changed


def point_at_checkpoint(model: ir.Model, stored: StoredWeights, ours: own.OwnWeights) -> None:
    """Replaces every parameter by external data in the checkpoint's own files.

    A parameter stored in another type than the graph computes in gets a Cast behind it, which is
    what its users read, where that is float32; in half precision its converted values go into
    ``ours``.
    """
    graph = model.graph
    readers: dict[str, list[ir.Value]] = {}
    tensors: dict[str, StoredTensor] = {}
    for value in [v for v in graph.initializers.values() if v.const_value is None]:
        tensor = stored.checked(value)
        readers.setdefault(tensor.name, []).append(value)
        tensors[tensor.name] = tensor
        del graph.initializers[value.name]
    order = {node: index for index, node in enumerate(graph)}
    for name, values in readers.items():
        tensor, dtype = tensors[name], values[0].dtype
        if _DTYPES[tensor.dtype] == dtype:
            parameter = _external(tensor)
            graph.register_initializer(parameter)
        elif dtype == ir.DataType.FLOAT:
            stored_parameter = _external(tensor)
            graph.register_initializer(stored_parameter)
            cast = _cast(stored_parameter, dtype)
            graph.insert_before(min((n for v in values for n, _ in v.uses()), key=order.get), cast)
            parameter = cast.outputs[0]
        else:
            parameter = ours.add(name, dtype, tensor.shape, lambda t=tensor, d=dtype: stored.converted(t, d))
            graph.register_initializer(parameter)
        ir.convenience.replace_all_uses_with(values, [parameter] * len(values))


def _external(tensor: StoredTensor) -> ir.Value:
    dtype, shape = _DTYPES[tensor.dtype], ir.Shape(tensor.shape)
    data = ir.ExternalTensor(tensor.file, tensor.offset, tensor.length, dtype, shape=shape, name=tensor.name)
    return ir.Value(name=tensor.name, shape=shape, type=ir.TensorType(dtype), const_value=data)


def _cast(parameter: ir.Value, dtype: ir.DataType) -> ir.Node:
    name = f"{parameter.name}/Cast"
    output = ir.Value(name=name, shape=parameter.shape, type=ir.TensorType(dtype))
    return ir.node("Cast", [parameter], {"to": dtype}, name=name, outputs=[output])


def move_large_constants(model: ir.Model, ours: own.OwnWeights) -> None:
    """Takes constants above :data:`INLINE_LIMIT` bytes, which no checkpoint holds, out of the graph."""
    for value in model.graph.initializers.values():
        data = value.const_value
        if data is not None and not isinstance(data, ir.ExternalTensor) and data.nbytes > INLINE_LIMIT:
            ours.take(value, lambda data=data: [data.numpy()])
