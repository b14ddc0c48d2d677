"""The file of ours: tensors that a graph needs and no checkpoint holds."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

FILE = "preamble.weights.safetensors"

_NAMES = {
    ir.DataType.FLOAT: "F32",
    ir.DataType.FLOAT16: "F16",
    ir.DataType.BFLOAT16: "BF16",
    ir.DataType.INT64: "I64",
    ir.DataType.INT32: "I32",
    ir.DataType.UINT8: "U8",
    ir.DataType.BOOL: "BOOL",
}


@dataclass(frozen=True)
class _Entry:
    value: ir.Value
    parts: Callable[[], Iterable[np.ndarray]]

    @property
    def length(self) -> int:
        return int(math.prod(self.value.shape) * self.value.dtype.itemsize)


class OwnWeights:
    """Tensors on their way into :data:`FILE`; their values are made while it is written.

    A tensor is made in parts, so that one which does not fit into memory can be written.
    """

    def __init__(self):
        self._entries: list[_Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(
        self, name: str, dtype: ir.DataType, shape: Iterable[int], parts: Callable[[], Iterable[np.ndarray]]
    ) -> ir.Value:
        """A graph's initializer whose values are those of ``parts`` one after the other."""
        value = ir.Value(name=name, shape=ir.Shape(shape), type=ir.TensorType(dtype))
        self.take(value, parts)
        _point(value, 0, self._entries[-1].length)
        return value

    def take(self, value: ir.Value, parts: Callable[[], Iterable[np.ndarray]]) -> None:
        """As :meth:`add`, for an initializer that there is."""
        self._entries.append(_Entry(value, parts))

    def place(self) -> bytes:
        """Gives every tensor its place in the file; returns the file's header.

        Larger element types come first, so that each tensor is aligned to its own.
        """
        self._entries.sort(key=lambda entry: (-entry.value.dtype.itemsize, entry.value.name))
        header, end = {}, 0
        for entry in self._entries:
            offsets = [end, end + entry.length]
            value = entry.value
            header[value.name] = {
                "dtype": _NAMES[value.dtype],
                "shape": list(value.shape),
                "data_offsets": offsets,
            }
            end = offsets[1]
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        for entry in self._entries:
            begin, _ = header[entry.value.name]["data_offsets"]
            _point(entry.value, 8 + len(text) + begin, entry.length)
        return len(text).to_bytes(8, "little") + text

    @property
    def size(self) -> int:
        """Bytes of all tensors."""
        return sum(entry.length for entry in self._entries)

    def content(self, header: bytes, progress: Callable[[int], None]) -> Iterator[bytes]:
        """The file's bytes; ``progress`` is told how many tensors are done."""
        yield header
        for index, entry in enumerate(self._entries):
            written = 0
            for part in entry.parts():
                data = np.ascontiguousarray(part).tobytes()
                written += len(data)
                yield data
            if written != entry.length:
                raise ValueError(f"{entry.value.name}: {written} bytes made, {entry.length} expected")
            progress(index + 1)


def _point(value: ir.Value, offset: int, length: int) -> None:
    """States that an initializer's values lie in :data:`FILE`."""
    value.const_value = ir.ExternalTensor(FILE, offset, length, value.dtype, shape=value.shape, name=value.name)
