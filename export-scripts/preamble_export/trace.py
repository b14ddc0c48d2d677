"""Traces a transformers model, without its weights, into an ONNX graph.

The model is built from its configuration under ``FakeTensorMode``: parameters have names and
shapes and no storage, so a model of any size is traced in a few hundred megabytes. While it is
traced, some of its modules speak ONNX directly (:mod:`preamble_export.replacements`); attention
becomes one ``com.microsoft::GroupQueryAttention`` a layer, which owns the cache.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import onnx_ir as ir
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.export import Dim
from torch.onnx import ops
from transformers import AttentionInterface, AttentionMaskInterface, AutoModelForCausalLM, PreTrainedConfig
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import WeightRenaming, rename_source_key

from . import replacements
from .architectures import Architecture
from .errors import ExportError

OPSET = 23
_ATTENTION = "preamble_export"
_WRAPPED = "model"


class _ExportedForward(torch.nn.Module):
    """The model with the inputs and outputs of the exported graph.

    Rows come in and logits go out in float32, whatever type the model computes in.
    """

    def __init__(self, model):
        super().__init__()
        self.add_module(_WRAPPED, model)
        self.positions = None
        model.get_output_embeddings().register_forward_pre_hook(self._gather)

    def forward(self, inputs_embeds, position_ids, seqlens_k, total_sequence_length, logit_positions, past):
        model = getattr(self, _WRAPPED)
        call = replacements.Call(position_ids, seqlens_k, total_sequence_length, past)
        self.positions = logit_positions
        token = replacements.CALL.set(call)
        try:
            rows = inputs_embeds.to(model.dtype)
            logits = model(inputs_embeds=rows, position_ids=position_ids, use_cache=False).logits
        finally:
            replacements.CALL.reset(token)
        present = (tensor for layer in range(len(past)) for tensor in call.present[layer])
        return (logits.to(torch.float32), *present)

    def _gather(self, module, arguments):
        (hidden,) = arguments
        shape = (hidden.shape[0], self.positions.shape[1], hidden.shape[2])
        indices = self.positions.unsqueeze(-1)
        return ops.symbolic("GatherND", (hidden, indices), {"batch_dims": 1}, dtype=hidden.dtype, shape=shape)


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


def _arguments(model) -> tuple[dict, dict]:
    """Example arguments (sizes are arbitrary, distinct, not 1) and their dynamic dimensions."""
    batch, sequence, positions, capacity = (Dim(n) for n in ("batch", "sequence", "positions", "capacity"))
    config, layers = model.config, model.config.num_hidden_layers
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    if size % 8:
        raise ExportError(f"config.json gives heads of size {size}; ONNX Runtime's attention takes multiples of 8")
    width = model.get_input_embeddings().weight.shape[1]
    arguments = {
        "inputs_embeds": torch.zeros(2, 3, width),
        "position_ids": torch.zeros(2, 3, dtype=torch.int64),
        "seqlens_k": torch.zeros(2, dtype=torch.int32),
        "total_sequence_length": torch.zeros((), dtype=torch.int32),
        "logit_positions": torch.zeros(2, 5, dtype=torch.int64),
        "past": [tuple(torch.zeros(2, heads, 7, size, dtype=model.dtype) for _ in range(2)) for _ in range(layers)],
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
    """The graph, its parameters being initializers without data, named as in the model.

    ``embedding`` and ``head`` are the names of the token embedding and of the output projection;
    ``shared`` gives, for the name of each parameter that has several, all of them, the embedding's
    first. ``parameter_of`` gives the parameter's name for a tensor's name in a checkpoint.
    """

    graph: ir.Model
    embedding: str
    embedding_scale: float
    head: str
    shared: dict[str, tuple[str, ...]]
    parameter_of: Callable[[str], str]


def _shared_names(model, embedding: str) -> dict[str, tuple[str, ...]]:
    groups: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        groups.setdefault(id(parameter), []).append(name)
    ordered = (sorted(names, key=lambda n: n != embedding) for names in groups.values())
    return {name: tuple(names) for names in ordered for name in names if len(names) > 1}


def _renaming(model) -> Callable[[str], str]:
    """How transformers turns a checkpoint's name for a tensor into its own."""
    renamings = [r for r in get_model_conversion_mapping(model) if isinstance(r, WeightRenaming)]
    names = model.state_dict()
    return lambda stored: rename_source_key(stored, renamings, [], model.base_model_prefix, names)[0]


def _scale(embedding) -> float:
    """What the module multiplies token rows with, in the precision of its weights."""
    scale = getattr(embedding, "scalar_embed_scale", 1.0)
    return torch.tensor(scale, dtype=embedding.weight.dtype).item()


def trace(
    config: PreTrainedConfig, architecture: Architecture, dtype: str = "float32", long: bool = False
) -> Trace:
    """Traces the causal LM that a configuration describes, computing in ``dtype``.

    A longrope model rotates by its short factors, or by its ``long`` ones.
    """
    AttentionInterface.register(_ATTENTION, replacements.attention)
    AttentionMaskInterface.register(_ATTENTION, lambda *_, **__: None)
    with FakeTensorMode(allow_non_fake_inputs=True) as fake:
        model = AutoModelForCausalLM.from_config(
            config, attn_implementation=_ATTENTION, dtype=getattr(torch, dtype)
        ).eval()
    constants = replacements.constants(model, long)
    with fake:
        for name, value in constants.items():
            module, _, buffer = name.rpartition(".")
            model.get_submodule(module).register_buffer(buffer, torch.empty_like(value), persistent=False)
        forward = _ExportedForward(model).eval()
        arguments, dynamic = _arguments(model)
        with replacements.speaking_onnx(model, architecture), _quiet(), torch.no_grad():
            program = torch.onnx.export(
                forward,
                kwargs=arguments,
                dynamic_shapes=dynamic,
                opset_version=OPSET,
                dynamo=True,
                optimize=False,
                verbose=False,
            )
        scale = _scale(model.get_input_embeddings())
    traced = program.model
    _name_interface(traced.graph, config.num_hidden_layers)
    prefix = _WRAPPED + "."
    parameters = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    for value in list(traced.graph.initializers.values()):
        value.name = value.name.removeprefix(prefix)
        if value.name in parameters:
            value.const_value = None
        elif value.name in constants:
            value.const_value = ir.tensor(constants[value.name].detach().numpy(), name=value.name)
    names = {id(p): name for name, p in reversed(list(model.named_parameters(remove_duplicate=False)))}
    embedding = names[id(model.get_input_embeddings().weight)]
    return Trace(
        graph=traced,
        embedding=embedding,
        embedding_scale=scale,
        head=names[id(model.get_output_embeddings().weight)],
        shared=_shared_names(model, embedding),
        parameter_of=_renaming(model),
    )
