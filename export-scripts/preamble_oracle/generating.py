"""The command that times PEFT's ``generate``."""

from __future__ import annotations

import time

import torch

from . import models


def time_generate(
    model: str, rows: int, prompt_tokens: int, new_tokens: int, virtual_tokens: int, rounds: int, dtype: str = "float32"
) -> dict:
    """``seconds`` that each of ``rounds`` calls of PEFT's greedy ``generate`` takes, and its first token.

    ``rows`` prompts of random tokens of one length run together under a prompt of
    ``virtual_tokens``; no end-of-text token ends them. A shorter call comes first and is not
    counted. ``first`` are the seconds of calls that generate one token.
    """
    torch.manual_seed(0)
    opened = models.prompt_tuning(model, virtual_tokens, dtype=dtype).eval()
    ids = torch.randint(3, opened.config.vocab_size, (rows, prompt_tokens))
    text = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

    def run(count: int) -> float:
        start = time.perf_counter()
        with torch.no_grad():
            opened.generate(
                **text, max_new_tokens=count, min_new_tokens=count, do_sample=False, pad_token_id=0, use_cache=True
            )
        return time.perf_counter() - start

    run(3)
    first = [run(1) for _ in range(rounds)]
    seconds = [run(new_tokens) for _ in range(rounds)]
    return {"seconds": seconds, "first": first, "threads": torch.get_num_threads()}
