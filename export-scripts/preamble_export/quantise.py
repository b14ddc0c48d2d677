"""Block-wise quantised weights: linear layers become ``com.microsoft::MatMulNBits``.

Along its inputs each row of a weight is cut into blocks of :data:`BLOCK`. A block has one scale,
the element of largest magnitude divided by ``-2 ** (bits - 1)``, and a code of ``bits`` bits an
element, ``round(x / scale) + 2 ** (bits - 1)``; the operator computes with
``(code - 2 ** (bits - 1)) * scale``. No zero points: the largest element is always exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from .errors import ExportError
from .own import OwnWeights
from .rewrites import MICROSOFT
from .weights import StoredWeights

BITS = {"int8": 8, "int4": 4}
BLOCK = 32

# How ONNX Runtime's CPU kernel multiplies: 1 in float32; 4 with inputs rounded to 8 bits, for 8-bit
# weights the only one that is not many times slower than a float32 product.
_ACCURACY_LEVEL = {8: 4, 4: 1}

_PART = 1 << 24  # elements that are in memory at once


@dataclass(frozen=True)
class QuantisedWeight:
    """A linear layer's weight: ``rows`` gives its parts in float32, [out, in], however it is stored.

    ``parameter`` is its name in the model, ``transposed`` whether the model has it as [in, out].
    ``scale_dtype`` is the type the graph computes in.
    """

    parameter: str
    bits: int
    shape: tuple[int, int]
    transposed: bool
    scale_dtype: ir.DataType
    rows: Callable[[int], Iterator[np.ndarray]]

    def dequantised(self) -> np.ndarray:
        """What the operator computes with, in float32, as the model has it."""
        middle = 1 << (self.bits - 1)
        parts = []
        for codes, scales in self._quantised():
            values = (codes.astype(np.float32) - middle) * scales.astype(np.float32)[..., None]
            parts.append(values.reshape(len(values), -1)[:, : self.shape[1]])
        whole = np.concatenate(parts)
        return whole.T if self.transposed else whole

    def packed(self) -> Iterator[np.ndarray]:
        """Codes, uint8 [out, blocks, BLOCK * bits / 8]; of two in a byte the first is the lower half."""
        for codes, _ in self._quantised():
            yield codes if self.bits == 8 else codes[..., 0::2] | codes[..., 1::2] << 4

    def scales(self) -> Iterator[np.ndarray]:
        """Scales, [out, blocks]."""
        for _, scales in self._quantised():
            yield scales

    def _quantised(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        middle = 1 << (self.bits - 1)
        for rows in self.rows(max(1, _PART // self.shape[1])):
            if not np.isfinite(rows).all():
                raise ExportError(f"{self.parameter}: holds values that are not finite; they cannot be quantised")
            padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % BLOCK)))
            blocks = padded.reshape(len(rows), -1, BLOCK)
            largest = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)
            scales = (largest / -middle).astype(self.scale_dtype.numpy())
            divisor = scales.astype(np.float32)
            if not np.isfinite(divisor).all():
                raise ExportError(f"{self.parameter}: a scale exceeds {self.scale_dtype.name}; use --dtype bfloat16")
            quotient = np.divide(blocks, divisor, out=np.zeros_like(blocks), where=divisor != 0)
            codes = np.clip(np.rint(quotient) + middle, 0, 2 * middle - 1).astype(np.uint8)
            yield codes, scales[..., 0]


def quantise(model: ir.Model, stored: StoredWeights, own: OwnWeights, bits: int) -> list[QuantisedWeight]:
    """Replaces every product with a parameter; the parameters' codes and scales go into ``own``."""
    made: dict[tuple[str, bool], tuple[ir.Value, ir.Value]] = {}
    weights = []
    for node in list(model.graph):
        if node.op_type not in ("MatMul", "FusedMatMul"):
            continue
        parameter = node.inputs[1]
        if not parameter.is_initializer() or parameter.const_value is not None or len(parameter.shape) != 2:
            continue
        transposed = node.op_type == "MatMul"
        key = (parameter.name, transposed)
        if key not in made:
            weight = _weight(parameter, transposed, stored, bits, node.outputs[0].dtype)
            weights.append(weight)
            made[key] = _initializers(weight, own)
            for value in made[key]:
                model.graph.register_initializer(value)
        _replace(node, made[key], parameter.shape, transposed, bits)
    for name in [name for name, value in model.graph.initializers.items() if not value.uses()]:
        del model.graph.initializers[name]
    return weights


def _weight(
    parameter: ir.Value, transposed: bool, stored: StoredWeights, bits: int, dtype: ir.DataType
) -> QuantisedWeight:
    tensor = stored.checked(parameter)
    shape = tensor.shape[::-1] if transposed else tensor.shape

    def rows(count: int) -> Iterator[np.ndarray]:
        values = stored.values(tensor)
        values = values.T if transposed else values
        return (values[i : i + count].astype(np.float32) for i in range(0, shape[0], count))

    return QuantisedWeight(parameter.name, bits, shape, transposed, dtype, rows)


def _initializers(weight: QuantisedWeight, own: OwnWeights) -> tuple[ir.Value, ir.Value]:
    out, blocks = weight.shape[0], -(-weight.shape[1] // BLOCK)
    name = f"{weight.parameter}.int{weight.bits}"
    codes = own.add(name, ir.DataType.UINT8, (out, blocks, BLOCK * weight.bits // 8), weight.packed)
    return codes, own.add(f"{name}.scale", weight.scale_dtype, (out, blocks), weight.scales)


def _replace(node: ir.Node, initializers: tuple[ir.Value, ir.Value], shape, transposed: bool, bits: int) -> None:
    width, out = shape if transposed else shape[::-1]
    before = node.op_type
    node.resize_inputs(3)
    for index, value in enumerate(initializers, start=1):
        node.replace_input_with(index, value)
    node.op_type, node.domain = "MatMulNBits", MICROSOFT
    node.attributes.clear()
    attributes = {
        "K": width,
        "N": out,
        "bits": bits,
        "block_size": BLOCK,
        "accuracy_level": _ACCURACY_LEVEL[bits],
    }
    node.attributes.update({k: ir.convenience.convert_attribute(k, v) for k, v in attributes.items()})
    node.name = node.name.replace(before, node.op_type)
    if not node.outputs[0].is_graph_output():
        node.outputs[0].name = node.outputs[0].name.replace(before, node.op_type)
