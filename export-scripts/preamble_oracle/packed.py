"""The packed step of prompt tuning, written by hand in PyTorch for GPT-2 and Llama.

What a step costs when the prompt passes once for all rows, and the head works at label rows alone,
tells what of a step's speed is the algorithm's and what is the runtime's. Rows are of equal length.
"""

from __future__ import annotations

import torch
from torch.nn import functional
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from . import models

# Positions [N] are the prompt's P, then those of B rows of S tokens: N = P + B S.


def loss(base, prompt: torch.Tensor, rows: list[dict]) -> torch.Tensor:
    """The mean cross-entropy over all labelled tokens; ``prompt`` is [P, hidden]."""
    lengths = {len(row["token_ids"]) for row in rows}
    if len(lengths) != 1:
        raise ValueError(f"expected rows of one length, found {sorted(lengths)} tokens")
    width, virtual = lengths.pop(), prompt.shape[0]
    family = _FAMILIES[base.config.model_type](base)
    ids = torch.tensor([row["token_ids"] for row in rows])
    positions = torch.cat([torch.arange(virtual), torch.arange(virtual, virtual + width).repeat(len(rows))])
    states = torch.cat([prompt, base.get_input_embeddings()(ids.flatten())])
    places, labels = _labels(rows, width, virtual)
    states = family.enter(states, positions)
    last = len(family.blocks) - 1
    for number, block in enumerate(family.blocks):
        out = _attend(*family.queries_keys_values(block, states), virtual, width)
        if number == last:
            out, states = out[places], states[places]
        states = family.leave(block, states, out)
    return functional.cross_entropy(base.get_output_embeddings()(family.norm(states)), labels)


def _labels(rows: list[dict], width: int, virtual: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Where labels are predicted, and the labels."""
    places, labels = [], []
    for number, row in enumerate(rows):
        for at, label in enumerate(row["labels"]):
            if label != models.IGNORED:
                places.append(virtual + number * width + at - 1 if at else virtual - 1)
                labels.append(label)
    return torch.tensor(places), torch.tensor(labels)


def _attend(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, virtual: int, width: int) -> torch.Tensor:
    """Attention's result [N, heads * size] from queries [N, heads, size], keys and values [N, groups, size]."""
    (count, heads, size), groups = queries.shape, keys.shape[1]
    rows, shared = (count - virtual) // width, heads // groups
    queries, keys, values = (each.transpose(0, 1) for each in (queries, keys, values))
    of_prompt = functional.scaled_dot_product_attention(
        queries[None, :, :virtual],
        keys[None, :, :virtual],
        values[None, :, :virtual],
        is_causal=True,
        enable_gqa=shared > 1,
    )[0]

    def by_group(of_rows: torch.Tensor) -> torch.Tensor:
        return of_rows.reshape(groups, shared * rows * width, -1)

    text = queries[:, virtual:] * size**-0.5
    over_prompt = by_group(text) @ keys[:, :virtual].transpose(1, 2)
    own = (groups, 1, rows, width, size)
    own_keys, own_values = keys[:, virtual:].reshape(own), values[:, virtual:].reshape(own)
    over_own = text.reshape(groups, shared, rows, width, size) @ own_keys.transpose(-1, -2)
    over_own = over_own.masked_fill(torch.ones(width, width).triu(1).bool(), float("-inf"))
    scores = torch.cat([over_prompt.reshape(*over_own.shape[:4], virtual), over_own], -1)
    to_prompt, to_own = scores.softmax(-1).split([virtual, width], -1)
    found = by_group(to_prompt) @ values[:, :virtual]
    found = found.reshape(heads, -1, size) + (to_own @ own_values).reshape(heads, -1, size)
    return torch.cat([of_prompt, found], 1).transpose(0, 1).reshape(count, heads * size)


class _Gpt2:
    def __init__(self, base) -> None:
        self._body = base.transformer
        self._heads = base.config.n_head
        self.blocks = self._body.h
        self.norm = self._body.ln_f

    def enter(self, states: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        return states + self._body.wpe(positions)

    def queries_keys_values(self, block, states: torch.Tensor) -> list[torch.Tensor]:
        joined = block.attn.c_attn(block.ln_1(states))
        return [each.unflatten(-1, (self._heads, -1)) for each in joined.chunk(3, -1)]

    def leave(self, block, states: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        states = states + block.attn.c_proj(attended)
        return states + block.mlp(block.ln_2(states))


class _Llama:
    def __init__(self, base) -> None:
        self._body = base.model
        self._heads = base.config.num_attention_heads, base.config.num_key_value_heads
        self.blocks = self._body.layers
        self.norm = self._body.norm

    def enter(self, states: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        self._rotation = [each[0] for each in self._body.rotary_emb(states[None], positions[None])]
        return states

    def queries_keys_values(self, block, states: torch.Tensor) -> list[torch.Tensor]:
        heads, groups = self._heads
        attention, normed = block.self_attn, block.input_layernorm(states)
        queries = attention.q_proj(normed).unflatten(-1, (heads, -1))
        keys = attention.k_proj(normed).unflatten(-1, (groups, -1))
        values = attention.v_proj(normed).unflatten(-1, (groups, -1))
        return [*apply_rotary_pos_emb(queries, keys, *self._rotation), values]

    def leave(self, block, states: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        states = states + block.self_attn.o_proj(attended)
        return states + block.mlp(block.post_attention_layernorm(states))


_FAMILIES = {"gpt2": _Gpt2, "llama": _Llama}
