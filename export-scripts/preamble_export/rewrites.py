"""The rules that :mod:`preamble_export.simplify` applies to a graph's nodes, one at a time.

Each takes a node and answers whether it changed something. None changes what the graph computes.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

MICROSOFT = "com.microsoft"
# Ops that only rearrange or select, so that equal shapes (and types) mean an equal value.
_SHAPERS = ("Identity", "Reshape", "Expand", "Cast", "Squeeze", "Unsqueeze", "Flatten", "Dropout")
# Ops that work on the last axis alone, when their attribute or nothing says otherwise.
_LAST_AXIS = ("SimplifiedLayerNormalization", "LayerNormalization", "SplitToSequence")


def rewrite(node: ir.Node) -> bool:
    """Applies the first fitting rule to a node; true when something changed."""
    if _is_no_op(node):
        return _bypass(node, node.inputs[0])
    source = node.inputs[0].producer() if node.inputs and node.inputs[0] is not None else None
    if node.op_type == "Transpose" and source is not None and source.op_type == "Transpose":
        inner, outer = _permutation(source), _permutation(node)
        if [inner[axis] for axis in outer] == list(range(len(outer))):
            return _bypass(node, source.inputs[0])
    if node.op_type == "Reshape":
        if source is not None and source.op_type == "Reshape" and _same(source.inputs[0], node.outputs[0]):
            return _bypass(node, source.inputs[0])
        return _constant_reshape(node)
    if node.op_type == "MatMul":
        return _fuse_transposed_weight(node)
    if node.op_type in _LAST_AXIS and source is not None and source.op_type == "Transpose":
        return _transpose_behind(node, source)
    if node.op_type == "SplitToSequence":
        return _split(node)
    if node.op_type == "Slice":
        return _split_slices(node)
    if node.op_type == "GroupQueryAttention" and source is not None and source.op_type == "Mul":
        return _fold_scale(node, source)
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
    node.op_type, node.domain = "FusedMatMul", MICROSOFT
    attributes = {"transA": 0, "transB": 1, "alpha": 1.0}
    node.attributes.update({k: ir.convenience.convert_attribute(k, v) for k, v in attributes.items()})
    return True


def _constant(graph: ir.Graph, values: list[int]) -> ir.Value:
    """A one-dimensional int64 initializer, the one that is there if there is one."""
    name = "sizes_" + "_".join(str(v).replace("-", "m") for v in values)
    if name not in graph.initializers:
        tensor = ir.tensor(np.array(values, np.int64), name=name)
        graph.register_initializer(
            ir.Value(name=name, shape=tensor.shape, type=ir.TensorType(tensor.dtype), const_value=tensor)
        )
    return graph.initializers[name]


def _constant_reshape(node: ir.Node) -> bool:
    """A Reshape's target as a constant: 0 where a dimension stays, -1 for one that is not static.

    A Reshape of a single constant number becomes that constant.
    """
    number = node.inputs[0].const_value
    if number is not None and number.size == 1 and number.dtype == ir.DataType.INT64 and node.outputs[0].shape == (1,):
        return _bypass(node, _constant(node.graph, [int(number.numpy().item())]))
    if node.inputs[1].is_initializer() or None in (node.inputs[0].shape, node.outputs[0].shape):
        return False
    before, after = node.inputs[0].shape, node.outputs[0].shape
    sizes = [
        size if isinstance(size, int) else 0 if axis < len(before) and before[axis] == size else -1
        for axis, size in enumerate(after)
    ]
    if sizes.count(-1) > 1:
        return False
    node.replace_input_with(1, _constant(node.graph, sizes))
    node.attributes.pop("allowzero", None)
    return True


def _like(values: list[ir.Value]) -> list[ir.Value]:
    return [ir.Value(name=v.name, shape=v.shape, type=v.type) for v in values]


def _replace(node: ir.Node, new: list[ir.Node], old: list[ir.Value], values: list[ir.Value]) -> bool:
    """Puts nodes before a node, with its record of where it comes from, and values for old ones."""
    for added in new:
        added.metadata_props.update(node.metadata_props)
    node.graph.insert_before(node, new)
    ir.convenience.replace_all_uses_with(old, values)
    return True


def _emit_split(node: ir.Node, value: ir.Value, axis: int, parts: list[ir.Value]) -> bool:
    sizes = _constant(node.graph, [part.shape[axis] for part in parts])
    split = ir.node("Split", [value, sizes], {"axis": axis}, outputs=_like(parts))
    return _replace(node, [split], parts, list(split.outputs))


def _split(node: ir.Node) -> bool:
    """SplitToSequence and the SequenceAt of every part become one Split with known sizes."""
    picks = [user for user, _ in node.outputs[0].uses()]
    axis = node.attributes["axis"].as_int() % len(node.inputs[0].shape)
    if any(p.op_type != "SequenceAt" or p.inputs[1].const_value is None for p in picks):
        return False
    parts = {int(p.inputs[1].const_value.numpy()): p.outputs[0] for p in picks}
    whole = sum(part.shape[axis] for part in parts.values()) == node.inputs[0].shape[axis]
    if not whole or len(parts) != len(picks):
        return False
    return _emit_split(node, node.inputs[0], axis, [parts[index] for index in sorted(parts)])


def _bounds(node: ir.Node) -> tuple[int, int, int] | None:
    """The axis, start and end of a Slice along one axis of static size with step 1."""
    given = [i.const_value if i is not None else None for i in node.inputs[1:]]
    if len(given) < 3 or any(g is None or g.size != 1 for g in given):
        return None
    start, end, axis, step = [int(g.numpy().item()) for g in given] + [1] * (4 - len(given))
    axis %= len(node.inputs[0].shape)
    size = node.inputs[0].shape[axis]
    if step != 1 or not isinstance(size, int):
        return None
    return axis, start + size if start < 0 else start, min(end + size if end < 0 else end, size)


def _split_slices(node: ir.Node) -> bool:
    """Slices that cut a value into parts become one Split."""
    slices = [user for user, index in node.inputs[0].uses() if user.op_type == "Slice" and index == 0]
    cuts = {user: _bounds(user) for user in slices}
    if len(cuts) < 2 or None in cuts.values() or len({axis for axis, _, _ in cuts.values()}) > 1:
        return False
    ordered = sorted(slices, key=lambda user: cuts[user][1])
    ends = [0, *(cuts[user][2] for user in ordered)]
    axis = cuts[node][0]
    if [cuts[user][1] for user in ordered] != ends[:-1] or ends[-1] != node.inputs[0].shape[axis]:
        return False
    first = next(n for n in node.graph if n in cuts)
    return _emit_split(first, node.inputs[0], axis, [user.outputs[0] for user in ordered])


def _transpose_behind(node: ir.Node, transpose: ir.Node) -> bool:
    """What works on the last axis works as well before a Transpose that leaves it there."""
    perm = _permutation(transpose)
    last = len(perm) - 1
    if perm[last] != last or node.attributes["axis"].as_int() not in (-1, last):
        return False
    users = [user for user, _ in node.outputs[0].uses()]
    if node.op_type == "SplitToSequence":
        if any(user.op_type != "SequenceAt" for user in users):
            return False
        outputs = [user.outputs[0] for user in users]
    else:
        outputs = [node.outputs[0]]
    turned = []
    for output in outputs:
        behind = ir.node("Transpose", [output], {"perm": perm}, outputs=_like([output]))
        behind.metadata_props.update(node.metadata_props)
        turned.append(behind)
    for output, behind in zip(outputs, turned, strict=True):
        ir.convenience.replace_all_uses_with(output, behind.outputs[0])
        behind.replace_input_with(0, output)
        output.shape = ir.Shape([output.shape[perm.index(axis)] for axis in range(len(perm))])
        node.graph.insert_after(output.producer(), behind)
    node.replace_input_with(0, transpose.inputs[0])
    return True


def _fold_scale(node: ir.Node, product: ir.Node) -> bool:
    """A query times a constant number: the number belongs to the scale of the scores."""
    query, number = product.inputs
    if number.const_value is None or number.const_value.size != 1 or len(list(product.outputs[0].uses())) > 1:
        return False
    scale = node.attributes["scale"].as_float() * float(number.const_value.numpy().item())
    node.attributes["scale"] = ir.convenience.convert_attribute("scale", scale)
    node.replace_input_with(0, query)
    return True

