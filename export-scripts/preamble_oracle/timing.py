"""Whole training steps of PEFT, timed; and the memory that they take.

    python -m preamble_oracle.timing MODEL VIRTUAL_TOKENS LABELS_PER_ROW LENGTH...

runs three steps in float32 and prints one JSON object: ``base_bytes``, what the process holds once
its libraries are imported, and ``peak_bytes``, the most that it ever held.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import time
from pathlib import Path

import torch

from . import blas, models, packed, training

_MEASURED_STEPS = 3


def time_steps(
    model: str,
    lengths: list[int],
    virtual_tokens: int,
    labels_per_row: int,
    steps: int,
    warmup_steps: int = 1,
    dtype: str = "float32",
    by_hand: bool = False,
) -> dict:
    """``seconds`` of each whole step of PEFT prompt tuning: forward, loss, backward, AdamW.

    Every batch has rows of ``lengths`` random tokens, padded to the longest, the last
    ``labels_per_row`` of each labelled. ``warmup_steps`` further steps come first and are not
    counted. Calls that differ in neither model nor batch go on with one prompt. ``by_hand`` times
    the packed step in PyTorch instead of PEFT's.
    """
    step = _stepper(model, tuple(lengths), virtual_tokens, labels_per_row, dtype, by_hand)
    for _ in range(warmup_steps):
        step()
    return {"seconds": [step() for _ in range(steps)], "threads": torch.get_num_threads()}


def time_steps_of_stock_wheel(**arguments) -> dict:
    """The same in a process of its own that runs PyTorch as its wheel leaves it."""
    request = json.dumps({"command": "time_steps", "threads": torch.get_num_threads(), **arguments})
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parents[1] / "oracle.py")],
        env=blas.stock_environment(),
        input=request + "\n",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise RuntimeError(answer["traceback"])
    return answer


def time_product(size: int, steps: int, dtype: str = "float32") -> dict:
    """``seconds`` of each product of two square matrices: what this machine computes at best."""
    a, b = (torch.randn(size, size).to(getattr(torch, dtype)) for _ in range(2))
    torch.mm(a, b)

    def product() -> float:
        start = time.perf_counter()
        torch.mm(a, b)
        return time.perf_counter() - start

    return {"seconds": [product() for _ in range(steps)], "threads": torch.get_num_threads()}


@functools.lru_cache(maxsize=3)
def _stepper(
    model: str, lengths: tuple[int, ...], virtual_tokens: int, labels_per_row: int, dtype: str, by_hand: bool
):
    """What takes one step and gives its seconds."""
    torch.manual_seed(0)
    opened = models.prompt_tuning(model, virtual_tokens, dtype=dtype).train()
    vocabulary = opened.config.vocab_size
    optimizer = torch.optim.AdamW([p for p in opened.parameters() if p.requires_grad], lr=1e-3)

    def random_row(length: int) -> dict:
        ids = torch.randint(vocabulary, (length,)).tolist()
        unlabelled = length - labels_per_row
        return {"token_ids": ids, "labels": [models.IGNORED] * unlabelled + ids[unlabelled:]}

    def losses(rows: list[dict]):
        """What computes the loss of the rows."""
        if by_hand:
            return functools.partial(packed.loss, models.base(model, dtype), models.prompt(opened), rows)
        batch = training.batch(rows)
        return lambda: opened(**batch).loss

    def step() -> float:
        loss = losses([random_row(n) for n in lengths])
        start = time.perf_counter()
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
        return time.perf_counter() - start

    return step


def _held(field: str) -> int:
    """Bytes of memory that this process holds (VmRSS), or held at most (VmHWM)."""
    status = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in status if line.startswith(field + ":"))


def _main(model: str, virtual_tokens: int, labels_per_row: int, *lengths: int) -> None:
    torch.set_num_threads(2)
    base = _held("VmRSS")
    time_steps(model, list(lengths), virtual_tokens, labels_per_row, steps=_MEASURED_STEPS)
    print(json.dumps({"base_bytes": base, "peak_bytes": _held("VmHWM")}))


if __name__ == "__main__":
    _main(sys.argv[1], *map(int, sys.argv[2:]))
