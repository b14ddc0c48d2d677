"""The commands that time PEFT's ``generate``, and make the larger random model that it is timed on."""

from __future__ import annotations

import time
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

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


def random_llama(out: str, seed: int = 0) -> dict:
    """Writes a random Llama of 100 million parameters with a vocabulary of 32,000 to ``out``."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=32000,
        hidden_size=640,
        intermediate_size=1728,
        num_hidden_layers=12,
        num_attention_heads=10,
        num_key_value_heads=10,
        max_position_embeddings=1024,
        tie_word_embeddings=False,
    )
    made = LlamaForCausalLM(config).eval()
    made.save_pretrained(Path(out))
    return {"parameters": sum(p.numel() for p in made.parameters())}
