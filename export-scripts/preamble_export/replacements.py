"""Forwards that modules get while a model is traced, so that they speak ONNX directly.

Each computes what the module's own forward computes, in as few nodes as ONNX Runtime has kernels
for. Shapes in comments: B batch, S sequence, H heads, D head size.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from unittest import mock

import torch
from torch.onnx import ops
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from .architectures import Architecture, original_length


@dataclass
class Call:
    """The call of the model that is being traced: its inputs, and what its modules leave behind."""

    position_ids: torch.Tensor
    seqlens_k: torch.Tensor
    total_sequence_length: torch.Tensor
    past: list[tuple[torch.Tensor, torch.Tensor]]
    present: dict[int, tuple[torch.Tensor, torch.Tensor]] = field(default_factory=dict)
    rotary: dict[tuple, tuple[torch.Tensor, torch.Tensor]] = field(default_factory=dict)


CALL: ContextVar[Call] = ContextVar("call")


def attention(
    module, query, key, value, mask, scaling=None, softcap=None, sliding_window=None, attention_bias=None, **_
):
    """Attention in transformers' calling convention: query, key and value are [B, H, S, D]."""
    call = CALL.get()
    batch, heads, sequence, size = query.shape
    past_key, past_value = call.past[module.layer_idx]
    flat = [x.transpose(1, 2).reshape(batch, sequence, -1) for x in (query, key, value)]
    # Between the lengths and the bias: tables of the operator's own rotary embedding, positions.
    bias = () if attention_bias is None else (None, None, None, attention_bias)
    output, present_key, present_value = ops.symbolic_multi_out(
        "com.microsoft::GroupQueryAttention",
        (*flat, past_key, past_value, call.seqlens_k, call.total_sequence_length, *bias),
        {
            "num_heads": heads,
            "kv_num_heads": key.shape[1],
            "scale": float(size**-0.5 if scaling is None else scaling),
            "do_rotary": 0,
            "local_window_size": -1 if sliding_window is None else sliding_window,
            "softcap": float(softcap or 0.0),
        },
        dtypes=(query.dtype,) * 3,
        shapes=((batch, sequence, heads * size), past_key.shape, past_value.shape),
        version=1,
    )
    call.present[module.layer_idx] = (present_key, present_value)
    return output.reshape(batch, sequence, heads, size), None


def rms_norm(module, hidden, offset: float = 0.0):
    """``(weight + offset) * x / rms(x)``; with an offset in float32, as the sum would be rounded."""
    epsilon = getattr(module, "variance_epsilon", None) or module.eps
    computed = torch.float32 if offset else hidden.dtype
    weight = module.weight.to(computed)
    normed = ops.symbolic(
        "SimplifiedLayerNormalization",
        (hidden.to(computed), weight + offset if offset else weight),
        {"axis": -1, "epsilon": float(epsilon), "stash_type": 1},
        dtype=computed,
        shape=hidden.shape,
    )
    return normed.to(hidden.dtype)


def rotary_angles(module, hidden, position_ids=None, layer_type=None, **_):
    """Cosine and sine of each position's angles, [B, S, rotated size / 2].

    A model with several kinds of layer asks for each in no certain order: all are computed, in a
    certain one, when the first is asked for.
    """
    made = CALL.get().rotary
    if layer_type is None:
        return _angles(module, hidden.dtype, position_ids, "")
    if (module, layer_type) not in made:
        for name in module.layer_types:
            made[module, name] = _angles(module, hidden.dtype, position_ids, f"{name}_")
    return made[module, layer_type]


def _angles(module, dtype, position_ids, prefix):
    angles = position_ids.unsqueeze(-1).to(torch.float32) * getattr(module, f"{prefix}inv_freq")
    scale = getattr(module, f"{prefix}attention_scaling")
    return tuple((f(angles) if scale == 1.0 else f(angles) * scale).to(dtype) for f in (torch.cos, torch.sin))


def apply_rotary(query, key, cos, sin, *_, **__):
    """Rotates the first ``2 * cos.shape[-1]`` elements of each head of queries and keys."""

    def rotate(x):
        batch, heads, sequence, size = x.shape
        flat = x.transpose(1, 2).reshape(batch, sequence, heads * size)
        rotated_size = 2 * cos.shape[-1]
        rotated = ops.symbolic(
            "RotaryEmbedding",
            (flat, cos, sin),
            {"interleaved": 0, "num_heads": heads, "rotary_embedding_dim": 0 if rotated_size == size else rotated_size},
            dtype=x.dtype,
            shape=flat.shape,
        )
        return rotated.reshape(batch, sequence, heads, size).transpose(1, 2)

    return rotate(query), rotate(key)


def conv1d(module, hidden):
    """The product of GPT-2, whose weights are stored [in, out]."""
    return torch.matmul(hidden, module.weight) + module.bias


def tanh_gelu(module, hidden):
    return torch.nn.functional.gelu(hidden, approximate="tanh")


def exact_gelu(module, hidden):
    return torch.nn.functional.gelu(hidden)


def sigmoid_gelu(module, hidden):
    """``x * sigmoid(1.702 x)``"""
    return ops.symbolic(
        "com.microsoft::QuickGelu", (hidden,), {"alpha": 1.702}, dtype=hidden.dtype, shape=hidden.shape, version=1
    )


def opt_layer(module, hidden_states, **arguments):
    """OPT's layer without its detour over [B * S, hidden]."""
    first, second = module.self_attn_layer_norm, module.final_layer_norm
    before = module.do_layer_norm_before
    attended, _ = module.self_attn(hidden_states=first(hidden_states) if before else hidden_states, **arguments)
    hidden = hidden_states + attended
    hidden = hidden if before else first(hidden)
    inner = module.fc2(module.activation_fn(module.fc1(second(hidden) if before else hidden)))
    return hidden + inner if before else second(hidden + inner)


def bloom_attention(module, hidden_states, residual, alibi, **_):
    """BLOOM's attention with ALiBi as the bias that GroupQueryAttention adds to its scores."""
    batch, sequence, _ = hidden_states.shape
    fused = module.query_key_value(hidden_states).view(batch, sequence, module.num_heads, 3 * module.head_dim)
    parts = (x.transpose(1, 2) for x in fused.split(module.head_dim, dim=-1))
    attended, _ = attention(module, *parts, None, scaling=module.inv_norm_factor, attention_bias=alibi)
    return residual + module.dense(attended.reshape(batch, sequence, -1)), None


def bloom_alibi(module, *_, **__):
    """ALiBi (Press et al. 2022, section 3): slope * (key position - query position), [B, H, S, total].

    Key j lies in slot j of the cache. How many slots are in use is known at run time only; the
    trace calls their number like the cache's capacity.
    """
    call = CALL.get()
    batch, sequence = call.position_ids.shape
    total = call.total_sequence_length.to(torch.int64)
    zero, one = (torch.tensor(x, dtype=torch.int64) for x in (0, 1))
    slots = ops.symbolic("Range", (zero, total, one), dtype=torch.int64, shape=(call.past[0][0].shape[2],))
    distance = slots - call.position_ids.reshape(batch, 1, sequence, 1)
    return (distance.to(torch.float32) * module.alibi_slopes).to(module.word_embeddings.weight.dtype)


# Modules that several architectures have in common, by the name of their class.
_COMMON = {
    "Conv1D": conv1d,
    "NewGELUActivation": tanh_gelu,
    "FastGELUActivation": tanh_gelu,
    "AccurateGELUActivation": tanh_gelu,
    "GELUTanh": tanh_gelu,
    "BloomGelu": tanh_gelu,
    "GELUActivation": exact_gelu,
    "QuickGELUActivation": sigmoid_gelu,
    "OPTDecoderLayer": opt_layer,
    "BloomAttention": bloom_attention,
}


def is_rotary(module) -> bool:
    """Whether a module gives the angles of a rotary embedding."""
    return type(module).__name__.endswith("RotaryEmbedding")


@contextlib.contextmanager
def speaking_onnx(model, architecture: Architecture) -> Iterator[None]:
    """Swaps the forwards of a model's modules for the time of the trace."""
    patches = {}
    for module in model.modules():
        kind = type(module)
        if kind.__name__ in architecture.norms:
            patches[kind, "forward"] = lambda norm, hidden: rms_norm(norm, hidden, architecture.norm_offset)
        elif is_rotary(module):
            patches[kind, "forward"] = rotary_angles
            patches[sys.modules[kind.__module__], "apply_rotary_pos_emb"] = apply_rotary
        elif kind.__name__ in _COMMON:
            patches[kind, "forward"] = _COMMON[kind.__name__]
        elif kind.__name__ == "BloomModel":
            patches[kind, "build_alibi_tensor"] = bloom_alibi
    with contextlib.ExitStack() as stack:
        for (owner, name), replacement in patches.items():
            stack.enter_context(mock.patch.object(owner, name, replacement))
        yield


def constants(model, long: bool = False) -> dict[str, torch.Tensor]:
    """The model's buffers that a graph holds as constants, by name, with values.

    A longrope model rotates by its short factors, or by its ``long`` ones. They follow from the configuration, so they exist where the model's own tensors have no values.
    """
    found = {}
    for name, module in model.named_modules():
        if is_rotary(module):
            real = type(module)(config=module.config)
            found |= {f"{name}.{b}": value for b, value in real.named_buffers() if "original" not in b}
            original = original_length(module.config)
            if original is not None:
                length = original + 1 if long else original
                found[f"{name}.inv_freq"], _ = ROPE_INIT_FUNCTIONS["longrope"](module.config, None, seq_len=length)
        elif hasattr(module, "build_alibi_tensor"):
            heads = module.config.num_attention_heads
            slopes = module.build_alibi_tensor(torch.ones(1, 2), heads, torch.float32)[:, 0, 1]
            found[f"{name}.alibi_slopes"] = slopes.reshape(1, heads, 1, 1)
    return found
