"""Models of random weights in the sizes that training steps are compared on: only their shape counts.

Dropout is off, so that both sides compute the same.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from preamble_export import cli

_GPT2 = {"vocab_size": 50257, "n_positions": 1024, "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}

# By name: the model_type and its sizes.
SIZES = {
    "gpt2-36M": ("gpt2", {**_GPT2, "n_embd": 384, "n_layer": 9, "n_head": 6}),
    "gpt2-124M": ("gpt2", {**_GPT2, "n_embd": 768, "n_layer": 12, "n_head": 12}),
    "llama-100M": (
        "llama",
        {
            "vocab_size": 32000,
            "hidden_size": 768,
            "intermediate_size": 2048,
            "num_hidden_layers": 8,
            "num_attention_heads": 12,
            "num_key_value_heads": 4,
            "max_position_embeddings": 1024,
            "tie_word_embeddings": False,
        },
    ),
}


def export_sized(name: str, out: str) -> dict:
    """Writes the model ``name`` of ``SIZES`` to the directory ``out`` and exports it there, unverified.

    Answers its ``parameters``.
    """
    model_type, sizes = SIZES[name]
    shutil.rmtree(out, ignore_errors=True)
    torch.manual_seed(0)
    made = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **sizes), dtype=torch.float32)
    made.save_pretrained(out)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = cli.main([str(Path(out)), "--name", name, "--no-verify"])
    if code:
        raise RuntimeError(f"export.py ended with {code}:\n{said.getvalue()}")
    return {"parameters": made.num_parameters()}
