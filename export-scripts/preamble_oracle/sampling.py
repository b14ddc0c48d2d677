"""What transformers' own logits processors and warpers leave of logits."""

from __future__ import annotations

import torch
from transformers import generation

_MADE = {
    "temperature": lambda value: generation.TemperatureLogitsWarper(value),
    "top_k": lambda value: generation.TopKLogitsWarper(value),
    "top_p": lambda value: generation.TopPLogitsWarper(value),
    "min_p": lambda value: generation.MinPLogitsWarper(value),
    "repetition_penalty": lambda value: generation.RepetitionPenaltyLogitsProcessor(value),
    "sequence_bias": lambda value: generation.SequenceBiasLogitsProcessor([[[int(t)], b] for t, b in value.items()]),
}


def processed(logits: list[float], token_ids: list[int], steps: list[list]) -> dict:
    """``probabilities`` after ``steps``, pairs of a processor's name and its value, in order.

    ``token_ids`` are those that stand before.
    """
    before = torch.tensor([token_ids])
    scores = torch.tensor([logits], dtype=torch.float32)
    for name, value in steps:
        scores = _MADE[name](value)(before, scores)
    return {"probabilities": scores.double().softmax(-1)[0].tolist()}
