"""Parity of an exported graph with PyTorch: prefill and cached decode, random and real inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from . import widen
from .architectures import original_length
from .manifest import GRAPH_FILE
from .quantise import QuantisedWeight

# The largest difference of a logit from PyTorch computing in float32 with the very weights that the
# graph has, the graph made to compute in float32 too.
LIMIT = 1e-4

# The largest relative error (Euclidean, of logits less their mean) of the graph as it is against
# PyTorch computing in float32 with the checkpoint's weights, by what makes the graph differ; on a
# text, or on random tokens where a model has no tokenizer. The worst that tests.bounds finds on all
# tiny models and on stories15M: 2.2e-3, 1.1e-2, 4.2e-2, 4.2e-1.
BOUNDS = {"float16": 1e-2, "bfloat16": 5e-2, "int8": 5e-2, "int4": 5e-1}

_WIDENED = "widened.onnx"
_TEXT = "Once upon a time there was a little girl who liked to ask questions. One day she asked her mother why"


@dataclass(frozen=True)
class Finding:
    """A measured difference: what was compared, how much it was, how much it may be."""

    what: str
    found: float
    limit: float

    @property
    def holds(self) -> bool:
        """False for a difference that is not a number, too."""
        return self.found <= self.limit

    def __str__(self) -> str:
        return f"{self.what}: {self.found:.1e} (limit {self.limit:.0e})"


class _Graph:
    """The exported graph under ONNX Runtime on the CPU."""

    def __init__(self, file: Path):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._cache = [i for i in self.session.get_inputs() if i.name.startswith("past_key_values.")]

    def empty_cache(self, batch: int, capacity: int) -> dict[str, np.ndarray]:
        """Zeroed buffers of ``capacity`` slots by input name."""
        return {
            i.name: np.zeros(
                (batch, i.shape[1], capacity, i.shape[3]), np.float16 if "float16" in i.type else np.float32
            )
            for i in self._cache
        }

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
    text: bool = False


def findings(
    checkpoint: Path,
    exported: Path,
    dtype: str,
    quantised: list[QuantisedWeight],
    head: tuple[str, ...],
    long: bool,
    progress: Callable[[str], None],
) -> list[Finding]:
    """Compares a checkpoint with the graph in ``exported`` that was made from it.

    ``dtype`` is what the graph computes in, ``quantised`` what was quantised, ``head`` all names of
    the output projection's weight, ``long`` whether a longrope model rotates by its long factors.
    """
    logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(
        checkpoint, dtype=torch.float32, attn_implementation="eager", local_files_only=True
    ).eval()
    batches = list(_inputs(checkpoint, model, long))
    kind = f"int{quantised[0].bits}" if quantised else dtype
    if kind == "float32":
        differences = _differences(model, _Graph(exported / GRAPH_FILE), batches, progress)
        return [Finding("worst difference of a logit from PyTorch", max(d.worst for d in differences), LIMIT)]

    widened = exported / _WIDENED
    widened.write_bytes(widen.widened((exported / GRAPH_FILE).read_bytes()))
    # ONNX Runtime's CPU kernels know no bfloat16.
    as_it_is = widened if dtype == "bfloat16" else exported / GRAPH_FILE
    telling = next((batch for batch in batches if batch.text), batches[0])
    (lost,) = _differences(model, _Graph(as_it_is), [telling], progress)
    _give_weights_of_the_graph(model, dtype, quantised, head)
    differences = _differences(model, _Graph(widened), batches, progress)
    worst = max(d.worst for d in differences)
    inputs = "a text" if telling.text else "random tokens"
    return [
        Finding("worst difference of a logit from PyTorch with the same weights", worst, LIMIT),
        Finding(f"relative error of {kind} against the float32 model on {inputs}", lost.relative, BOUNDS[kind]),
    ]


def _give_weights_of_the_graph(model, dtype: str, quantised: list[QuantisedWeight], head: tuple[str, ...]) -> None:
    """Rounds a float32 model's parameters to what the graph has."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.to(getattr(torch, dtype)).to(torch.float32))
        for weight in quantised:
            values = torch.nn.Parameter(torch.from_numpy(weight.dequantised().copy()), requires_grad=False)
            if weight.parameter in head:
                model.get_output_embeddings().weight = values
            else:
                module, _, name = weight.parameter.rpartition(".")
                setattr(model.get_submodule(module), name, values)


def _inputs(directory: Path, model, long: bool) -> Iterator[_Batch]:
    """Random and real rows; of a longrope model at positions where it rotates as the graph does."""
    random = torch.Generator().manual_seed(0)
    config, embed = model.config, model.get_input_embeddings()
    context = getattr(config, "max_position_embeddings", None) or 2048
    original = original_length(config) or context
    length = min(24, context if long else original)
    lengths = [length, length - 5]

    def start(count: int) -> int:
        return min(original, context - count) if long else 0

    with torch.no_grad():
        rows = embed(torch.randint(config.vocab_size, (2, length), generator=random))
        yield _Batch(rows, lengths, start(length))
        noise = rows.std() * torch.randn(rows.shape, generator=random)
        yield _Batch(noise, lengths, start(length))
        if (directory / "tokenizer.json").is_file():
            tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
            ids = tokenizer(_TEXT, return_tensors="pt")["input_ids"][:, :length]
            yield _Batch(embed(ids), [ids.shape[1]], start(ids.shape[1]), text=True)


@dataclass
class _Difference:
    """Of found logits from expected ones, as they come."""

    worst: float = 0.0
    squares: float = 0.0
    expected_squares: float = 0.0

    def add(self, found: np.ndarray, expected: np.ndarray) -> None:
        """Takes rows of logits [.., vocabulary] in."""
        off = found.astype(np.float64) - expected
        self.worst = float(np.maximum(self.worst, np.abs(off).max()))
        self.squares += float((off**2).sum())
        self.expected_squares += float(((expected - expected.mean(-1, keepdims=True)) ** 2).sum())

    @property
    def relative(self) -> float:
        """The Euclidean error over the Euclidean size of the logits less their mean."""
        return (self.squares / self.expected_squares) ** 0.5


def _differences(model, graph: _Graph, batches: list[_Batch], progress: Callable[[str], None]) -> list[_Difference]:
    differences = []
    for index, batch in enumerate(batches):
        differences.append(_difference(model, graph, batch))
        progress(f"comparing ONNX Runtime with PyTorch: input {index + 1} of {len(batches)}")
    return differences


def _difference(model, graph: _Graph, given: _Batch) -> _Difference:
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
    difference = _Difference()
    for b, n in enumerate(lengths):
        difference.add(logits[b, :n], expected[b, :n])

    cache = graph.empty_cache(batch, sequence + 3)
    done = [n // 2 for n in lengths]
    graph.run(rows[:, : max(done)], everywhere[:, : max(done)], done, cache)
    for _ in range(min(n - d for n, d in zip(lengths, done, strict=True))):
        step = np.array(done)[:, None]
        here = np.take_along_axis(rows, step[..., None], 1)
        logits = graph.run(here, step + given.start, [d + 1 for d in done], cache)
        for b, d in enumerate(done):
            difference.add(logits[b, 0], expected[b, d])
        done = [d + 1 for d in done]
    return difference
