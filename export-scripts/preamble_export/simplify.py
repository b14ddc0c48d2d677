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

_MICROSOFT = "com.microsoft"
# Ops that only rearrange or select, so that equal shapes (and types) mean an equal value.
_SHAPERS = ("Identity", "Reshape", "Expand", "Cast", "Squeeze", "Unsqueeze", "Flatten", "Dropout")


def simplify(model: ir.Model) -> None:
    """Rewrites until nothing changes, then names nodes after the modules they come from."""
    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    common.ShapeInferencePass(check_type=False, data_prop=False)(model)
    changed = True
    while changed:
        changed = any([_rewrite(node) for node in list(model.graph)])
        common.RemoveUnusedNodesPass()(model)
    common.CommonSubexpressionEliminationPass()(model)
    common.RemoveUnusedOpsetsPass(process_functions=False)(model)
    model.opset_imports.setdefault(_MICROSOFT, 1)
    _name_after_modules(model.graph)
    common.ClearMetadataAndDocStringPass()(model)
    model.metadata_props.clear()
    model.graph.name = "preamble"
    model.producer_name, model.producer_version = "preamble_export", None
    _check(model.graph)


def _rewrite(node: ir.Node) -> bool:
    """Applies the first fitting rule to a node; true when something changed."""
    if _is_no_op(node):
        return _bypass(node, node.inputs[0])
    source = node.inputs[0].producer() if node.inputs and node.inputs[0] is not None else None
    if node.op_type == "Transpose" and source is not None and source.op_type == "Transpose":
        inner, outer = _permutation(source), _permutation(node)
        if [inner[axis] for axis in outer] == list(range(len(outer))):
            return _bypass(node, source.inputs[0])
    if node.op_type == "Reshape" and source is not None and source.op_type == "Reshape":
        if _same(source.inputs[0], node.outputs[0]):
            return _bypass(node, source.inputs[0])
    if node.op_type == "MatMul":
        return _fuse_transposed_weight(node)
    return False


def _is_no_op(node: ir.Node) -> bool:
    if node.domain or not node.inputs or node.inputs[0] is None:
        return False
    if node.op_type in _SHAPERS:
        return _same(node.inputs[0], node.outputs[0])
    if node.op_type == "Transpose":
        return _permutation(node) == sorted(_permutation(node))
    if node.op_type == "Slice":
        steps = node.inputs[4] if len(node.inputs) > 4 else None
        forward = steps is None or (steps.const_value is not None and (steps.const_value.numpy() > 0).all())
        return forward and _same(node.inputs[0], node.outputs[0])
    return False


def _permutation(node: ir.Node) -> list[int]:
    return list(node.attributes["perm"].as_ints())


def _same(a: ir.Value, b: ir.Value) -> bool:
    return a.shape is not None and a.shape == b.shape and a.dtype == b.dtype


def _bypass(node: ir.Node, value: ir.Value) -> bool:
    if node.outputs[0].is_graph_output():
        return False
    ir.convenience.replace_all_uses_with(node.outputs[0], value)
    return True


def _fuse_transposed_weight(node: ir.Node) -> bool:
    """``MatMul(x, Transpose(parameter))`` becomes FusedMatMul on the parameter as stored."""
    transpose = node.inputs[1].producer()
    if transpose is None or transpose.op_type != "Transpose" or _permutation(transpose) != [1, 0]:
        return False
    if not transpose.inputs[0].is_initializer():
        return False
    node.replace_input_with(1, transpose.inputs[0])
    node.op_type, node.domain = "FusedMatMul", _MICROSOFT
    attributes = {"transA": 0, "transB": 1, "alpha": 1.0}
    node.attributes.update({k: ir.convenience.convert_attribute(k, v) for k, v in attributes.items()})
    return True


def _name_after_modules(graph: ir.Graph) -> None:
    """``<module path>/<op type>`` for a node and its first output, numbered where that repeats.

    Constants that the trace numbered arbitrarily become ``constant``, ``constant_2``, ...
    """
    constants = [v for v in graph.initializers.values() if v.name.startswith("val_")]
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
