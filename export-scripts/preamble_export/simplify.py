"""Graph rewrites after which the graph holds what the model computes and nothing else.

Every rewrite keeps each remaining value's name and static shape; a graph that went through has
type and shape on every value, ranks static, dynamic dimensions named.
"""

from __future__ import annotations

import ast
from collections import Counter

import onnx_ir as ir
from onnx_ir.passes import common

from .errors import ExportError
from .rewrites import MICROSOFT, rewrite


def simplify(model: ir.Model) -> None:
    """Rewrites until nothing changes, then names nodes after the modules they come from."""
    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    common.ShapeInferencePass(check_type=False, data_prop=False)(model)
    changed = True
    while changed:
        changed = any([rewrite(node) for node in list(model.graph)])
        common.RemoveUnusedNodesPass()(model)
    common.CommonSubexpressionEliminationPass()(model)
    common.RemoveUnusedOpsetsPass(process_functions=False)(model)
    model.opset_imports.setdefault(MICROSOFT, 1)
    _name_total(model.graph)
    _share_constants(model.graph)
    _name_after_modules(model.graph)
    common.ClearMetadataAndDocStringPass()(model)
    model.metadata_props.clear()
    model.graph.name = "preamble"
    model.producer_name, model.producer_version = "preamble_export", None
    _check(model.graph)


def _name_total(graph: ir.Graph) -> None:
    """The number of slots in use, which the trace calls like the capacity, gets its own name."""
    counted = set()
    for node in graph:
        if node.op_type == "Range" or (node.op_type != "GroupQueryAttention" and counted & set(node.inputs)):
            for output in node.outputs:
                output.shape = ir.Shape([ir.SymbolicDim("total") if d == "capacity" else d for d in output.shape])
                counted.add(output)


def _share_constants(graph: ir.Graph) -> None:
    """Equal small constants become one."""
    seen: dict[tuple, ir.Value] = {}
    for value in list(graph.initializers.values()):
        tensor = value.const_value
        if tensor is None or tensor.size > 16:
            continue
        first = seen.setdefault((tensor.dtype, tuple(tensor.shape), tensor.tobytes()), value)
        if first is not value:
            ir.convenience.replace_all_uses_with(value, first)
            del graph.initializers[value.name]


def _name_after_modules(graph: ir.Graph) -> None:
    """``<module path>/<op type>`` for a node and its first output, numbered where that repeats.

    Constants that the trace numbered arbitrarily become ``constant``, ``constant_2``, ...
    """
    constants = [
        v for v in graph.initializers.values() if v.name.startswith(("val_", "sizes_")) or ".lifted_" in v.name
    ]
    for index, value in enumerate(constants):
        value.name = "constant" if index == 0 else f"constant_{index + 1}"
    interface = set(graph.outputs)
    seen: Counter[str] = Counter()
    for node in graph:
        scopes = [s for s in _scopes(node) if s]
        name = "/".join([*scopes[-1:], node.op_type])
        seen[name] += 1
        node.name = name if seen[name] == 1 else f"{name}_{seen[name]}"
        for index, output in enumerate(node.outputs):
            if output not in interface:
                output.name = node.name if index == 0 else f"{node.name}:{index}"


def _scopes(node: ir.Node) -> list[str]:
    """The paths of the modules around a node, outermost first, as the trace recorded them."""
    scopes = ast.literal_eval(node.metadata_props.get("pkg.torch.onnx.name_scopes", "[]"))
    return [scope.removeprefix("model").removeprefix(".") for scope in scopes[:-1]]


def _check(graph: ir.Graph) -> None:
    for node in graph:
        for value in node.outputs:
            if value.shape is None or value.dtype is None:
                raise ExportError(
                    f"{value.name} ({node.op_type}) has no static rank and type; this is a defect of the exporter"
                )
