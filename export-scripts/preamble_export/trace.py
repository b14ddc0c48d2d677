"""Traces a transformers model, without its weights, into an ONNX graph.

The model is built from its configuration under ``FakeTensorMode``: parameters have names and
shapes and no storage, so a model of any size is traced in a few hundred megabytes. While it is
traced, four places of it speak ONNX directly:

* attention becomes one ``com.microsoft::GroupQueryAttention`` a layer, which owns the cache;
* RMS norms become ``SimplifiedLayerNormalization``;
* the rotary embedding of queries and of keys becomes ``RotaryEmbedding`` (opset 23);
* the input of the output embedding is gathered at ``logit_positions``.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from unittest import mock

import onnx_ir as ir
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.export import Dim
from torch.onnx import ops
from transformers import AttentionInterface, AttentionMaskInterface, AutoModelForCausalLM, PreTrainedConfig

from .architectures import Architecture

OPSET = 23
_ATTENTION = "preamble_export"
_WRAPPED = "model"


class _Cache:
    """The cache of the call being traced: past in, present out, one pair a layer."""

    def __init__(self, past, seqlens_k, total_sequence_length):
        self.past = past
        self.lengths = (seqlens_k, total_sequence_length)
        self.present = [None] * len(past)


class _ExportedForward(torch.nn.Module):
    """The model with the inputs and outputs of the exported graph."""

    def __init__(self, model):
        super().__init__()
        self.add_module(_WRAPPED, model)
        self.cache = None
        self.positions = None
        model.get_output_embeddings().register_forward_pre_hook(self._gather)

    def forward(self, inputs_embeds, position_ids, seqlens_k, total_sequence_length, logit_positions, past):
        self.cache = _Cache(past, seqlens_k, total_sequence_length)
        self.positions = logit_positions
        output = getattr(self, _WRAPPED)(
            inputs_embeds=inputs_embeds, position_ids=position_ids, use_cache=False, exported=self
        )
        return (output.logits, *(tensor for pair in self.cache.present for tensor in pair))

    def _gather(self, module, arguments):
        (hidden,) = arguments
        shape = (hidden.shape[0], self.positions.shape[1], hidden.shape[2])
        indices = self.positions.unsqueeze(-1)
        return ops.symbolic("GatherND", (hidden, indices), {"batch_dims": 1}, dtype=hidden.dtype, shape=shape)


def _attention(module, query, key, value, mask, scaling=None, softcap=None, sliding_window=None, exported=None, **_):
    """Attention in transformers' calling convention, [batch, heads, sequence, head size] in."""
    batch, heads, sequence, size = query.shape
    past_key, past_value = exported.cache.past[module.layer_idx]
    flat = [x.transpose(1, 2).reshape(batch, sequence, -1) for x in (query, key, value)]
    output, present_key, present_value = ops.symbolic_multi_out(
        "com.microsoft::GroupQueryAttention",
        (*flat, past_key, past_value, *exported.cache.lengths),
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
    exported.cache.present[module.layer_idx] = (present_key, present_value)
    return output.reshape(batch, sequence, heads, size), None


def _rms_norm(module, hidden):
    epsilon = getattr(module, "variance_epsilon", None) or module.eps
    return ops.symbolic(
        "SimplifiedLayerNormalization",
        (hidden, module.weight),
        {"axis": -1, "epsilon": float(epsilon), "stash_type": 1},
        dtype=hidden.dtype,
        shape=hidden.shape,
    )


def _rotary_angles(module, hidden, position_ids=None, **_):
    """Cosine and sine of each position's angles, [batch, sequence, rotated size / 2]."""
    angles = position_ids.unsqueeze(-1).to(torch.float32) * module.inv_freq
    scale = module.attention_scaling
    return tuple(f(angles) if scale == 1.0 else f(angles) * scale for f in (torch.cos, torch.sin))


def _apply_rotary(query, key, cos, sin, *_, **__):
    def rotate(x):
        batch, heads, sequence, size = x.shape
        flat = x.transpose(1, 2).reshape(batch, sequence, heads * size)
        rotated = ops.symbolic(
            "RotaryEmbedding",
            (flat, cos, sin),
            {"interleaved": 0, "num_heads": heads, "rotary_embedding_dim": 0},
            dtype=x.dtype,
            shape=flat.shape,
        )
        return rotated.reshape(batch, sequence, heads, size).transpose(1, 2)

    return rotate(query), rotate(key)


def _is_rotary(module) -> bool:
    return isinstance(getattr(module, "inv_freq", None), torch.Tensor)


@contextlib.contextmanager
def _speaking_onnx(model, architecture: Architecture) -> Iterator[None]:
    """Swaps the forward of norms and rotary embeddings for the time of the trace."""
    patches = {}
    for module in model.modules():
        if type(module).__name__ in architecture.norms:
            patches[type(module), "forward"] = _rms_norm
        elif _is_rotary(module):
            patches[type(module), "forward"] = _rotary_angles
            patches[sys.modules[type(module).__module__], "apply_rotary_pos_emb"] = _apply_rotary
    with contextlib.ExitStack() as stack:
        for (owner, name), replacement in patches.items():
            stack.enter_context(mock.patch.object(owner, name, replacement))
        yield


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _arguments(config: PreTrainedConfig) -> tuple[dict, dict]:
    """Example arguments (sizes are arbitrary, distinct, not 1) and their dynamic dimensions."""
    batch, sequence, positions, capacity = (Dim(n) for n in ("batch", "sequence", "positions", "capacity"))
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    layers = config.num_hidden_layers
    arguments = {
        "inputs_embeds": torch.zeros(2, 3, config.hidden_size),
        "position_ids": torch.zeros(2, 3, dtype=torch.int64),
        "seqlens_k": torch.zeros(2, dtype=torch.int32),
        "total_sequence_length": torch.zeros((), dtype=torch.int32),
        "logit_positions": torch.zeros(2, 5, dtype=torch.int64),
        "past": [tuple(torch.zeros(2, heads, 7, size) for _ in range(2)) for _ in range(layers)],
    }
    dynamic = {
        "inputs_embeds": {0: batch, 1: sequence},
        "position_ids": {0: batch, 1: sequence},
        "seqlens_k": {0: batch},
        "total_sequence_length": {},
        "logit_positions": {0: batch, 1: positions},
        "past": [({0: batch, 2: capacity},) * 2] * layers,
    }
    return arguments, dynamic


def _name_interface(graph: ir.Graph, layers: int) -> None:
    """Gives inputs and outputs their names; the order is that of the traced call."""
    cache = [f"{i}.{part}" for i in range(layers) for part in ("key", "value")]
    for value, name in zip(graph.inputs[-len(cache) :], cache, strict=True):
        value.name = f"past_key_values.{name}"
    for value, name in zip(graph.outputs, ["logits", *(f"present.{c}" for c in cache)], strict=True):
        value.name = name


@dataclass(frozen=True)
class Trace:
    """The float32 graph, its parameters being initializers without data, named as in the model.

    ``embedding`` is the name of the token embedding; ``shared`` gives, for the name of each
    parameter that has several, all of them, the embedding's first.
    """

    graph: ir.Model
    embedding: str
    shared: dict[str, tuple[str, ...]]


def _shared_names(model, embedding: str) -> dict[str, tuple[str, ...]]:
    groups: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        groups.setdefault(id(parameter), []).append(name)
    ordered = (sorted(names, key=lambda n: n != embedding) for names in groups.values())
    return {name: tuple(names) for names in ordered for name in names if len(names) > 1}


def trace(config: PreTrainedConfig, architecture: Architecture) -> Trace:
    """Traces the causal LM that a configuration describes."""
    AttentionInterface.register(_ATTENTION, _attention)
    AttentionMaskInterface.register(_ATTENTION, lambda *_, **__: None)
    with FakeTensorMode(allow_non_fake_inputs=True):
        model = AutoModelForCausalLM.from_config(config, attn_implementation=_ATTENTION, dtype=torch.float32)
        forward = _ExportedForward(model.eval()).eval()
        arguments, dynamic = _arguments(config)
        with _speaking_onnx(model, architecture), _quiet(), torch.no_grad():
            program = torch.onnx.export(
                forward,
                kwargs=arguments,
                dynamic_shapes=dynamic,
                opset_version=OPSET,
                dynamo=True,
                optimize=False,
                verbose=False,
            )
    traced = program.model
    _name_interface(traced.graph, config.num_hidden_layers)
    prefix = _WRAPPED + "."
    for value in list(traced.graph.initializers.values()):
        value.const_value = None
        value.name = value.name.removeprefix(prefix)
    for name, module in model.named_modules():
        if _is_rotary(module) and f"{name}.inv_freq" in traced.graph.initializers:
            real = type(module)(config=config).inv_freq.detach().numpy()
            traced.graph.initializers[f"{name}.inv_freq"].const_value = ir.tensor(real, name=f"{name}.inv_freq")
    embedding = next(n for n, p in model.named_parameters() if p is model.get_input_embeddings().weight)
    return Trace(traced, embedding, _shared_names(model, embedding))
