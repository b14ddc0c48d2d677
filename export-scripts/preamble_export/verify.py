"""Parity of an exported graph with PyTorch: prefill and cached decode, random and real inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from .manifest import GRAPH_FILE

LIMIT = 1e-4
_TEXT = "Once upon a time there was a little girl who liked to ask questions. One day she asked her mother why"


class _Graph:
    """The exported graph under ONNX Runtime on the CPU."""

    def __init__(self, directory: Path):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        providers = ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(str(directory / GRAPH_FILE), options, providers=providers)
        self._cache = [i for i in self.session.get_inputs() if i.name.startswith("past_key_values.")]

    def empty_cache(self, batch: int, capacity: int) -> dict[str, np.ndarray]:
        """Zeroed buffers of ``capacity`` slots by input name."""
        return {i.name: np.zeros((batch, i.shape[1], capacity, i.shape[3]), np.float32) for i in self._cache}

    def run(self, rows: np.ndarray, positions: np.ndarray, lengths: list[int], cache: dict) -> np.ndarray:
        """Logits of every row [batch, sequence, vocabulary]; ``cache`` takes the new state.

        ``lengths`` counts, for each row of the batch, the slots in use after the call.
        """
        batch, sequence, _ = rows.shape
        outputs = self.session.run(
            None,
            {
                "inputs_embeds": rows,
                "position_ids": positions,
                "seqlens_k": np.array(lengths, np.int32) - 1,
                "total_sequence_length": np.array(max(lengths), np.int32),
                "logit_positions": np.broadcast_to(np.arange(sequence), (batch, sequence)).copy(),
                **cache,
            },
        )
        cache.update(zip(cache, outputs[1:], strict=True))
        return outputs[0]


@dataclass(frozen=True)
class _Batch:
    """Embedding rows [batch, sequence, width], how many of each count, the first one's position."""

    rows: torch.Tensor
    lengths: list[int]
    start: int = 0


def worst_difference(directory: Path, graph_directory: Path) -> float:
    """The largest absolute difference of any logit between a checkpoint and its graph."""
    logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(
        directory, dtype=torch.float32, attn_implementation="eager", local_files_only=True
    ).eval()
    graph = _Graph(graph_directory)
    return max(_difference(model, graph, batch) for batch in _inputs(directory, model))


def _inputs(directory: Path, model) -> Iterator[_Batch]:
    """Random and real rows; where the rotation changes at some position, on both sides of it."""
    random = torch.Generator().manual_seed(0)
    config, embed = model.config, model.get_input_embeddings()
    context = getattr(config, "max_position_embeddings", None) or 2048
    switch = (getattr(config, "rope_parameters", None) or {}).get("original_max_position_embeddings", context)
    limit = min(context, switch)
    length = min(24, limit)
    lengths = [length, length - 5]
    with torch.no_grad():
        rows = embed(torch.randint(config.vocab_size, (2, length), generator=random))
        yield _Batch(rows, lengths)
        noise = rows.std() * torch.randn(rows.shape, generator=random)
        yield _Batch(noise, lengths)
        if switch < context:
            yield _Batch(noise, lengths, min(switch, context - length))
        if (directory / "tokenizer.json").is_file():
            tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
            ids = tokenizer(_TEXT, return_tensors="pt")["input_ids"][:, :limit]
            yield _Batch(embed(ids), [ids.shape[1]])


def _difference(model, graph: _Graph, given: _Batch) -> float:
    """One pass against PyTorch, then half of it followed by single cached steps, row by row ragged."""
    batch, sequence, _ = given.rows.shape
    everywhere = np.broadcast_to(np.arange(sequence) + given.start, (batch, sequence)).copy()
    # Models whose positions lie in the attention mask alone take no position_ids.
    positions = {"position_ids": torch.from_numpy(everywhere)} if given.start else {}
    with torch.no_grad():
        expected = model(inputs_embeds=given.rows, **positions).logits.numpy()
    rows, lengths = given.rows.numpy(), given.lengths
    cache = graph.empty_cache(batch, sequence + 3)
    logits = graph.run(rows, everywhere, lengths, cache)
    worst = max(np.abs(logits[b, :n] - expected[b, :n]).max() for b, n in enumerate(lengths))

    cache = graph.empty_cache(batch, sequence + 3)
    done = [n // 2 for n in lengths]
    graph.run(rows[:, : max(done)], everywhere[:, : max(done)], done, cache)
    for _ in range(min(n - d for n, d in zip(lengths, done, strict=True))):
        step = np.array(done)[:, None]
        here = np.take_along_axis(rows, step[..., None], 1)
        logits = graph.run(here, step + given.start, [d + 1 for d in done], cache)
        worst = max(worst, *(np.abs(logits[b, 0] - expected[b, d]).max() for b, d in enumerate(done)))
        done = [d + 1 for d in done]
    return float(worst)
