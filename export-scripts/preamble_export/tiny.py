"""Tiny random models of every supported architecture, the same at each call: for tests and fixtures.

    python -m preamble_export.tiny FOLDER [NAME ...]

writes ``FOLDER/NAME`` as Hugging Face directories. Each is small enough that a graph is made in a
second or two, and odd enough to meet what its architecture can do: grouped heads, head sizes that
do not follow from the width, windows shorter than a test's input, soft caps, partial rotation.
"""

from __future__ import annotations

import sys
from pathlib import Path

_SIZES = {
    "vocab_size": 101,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
    "initializer_range": 0.2,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
_GROUPED = {"num_key_value_heads": 2}
_LONG = {"rope_type": "longrope", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 40}

# By name: the model_type and what differs from the sizes above.
CONFIGURATIONS = {
    "llama": ("llama", {**_GROUPED, "attention_bias": True, "tie_word_embeddings": False}),
    "mistral": ("mistral", {**_GROUPED, "head_dim": 16, "sliding_window": 6}),
    "qwen2": ("qwen2", {**_GROUPED, "use_sliding_window": True, "sliding_window": 5, "max_window_layers": 1}),
    "qwen3": ("qwen3", {**_GROUPED, "head_dim": 16, "tie_word_embeddings": True}),
    "smollm3": ("smollm3", {**_GROUPED, "no_rope_layers": [1, 0]}),
    "phi3": ("phi3", {**_GROUPED, "partial_rotary_factor": 0.5, "sliding_window": 7}),
    "phi3-long": (
        "phi3",
        {
            "original_max_position_embeddings": 40,
            "rope_parameters": {**_LONG, "short_factor": [1.0, 1.1, 1.2, 1.3], "long_factor": [2.0, 3.0, 4.0, 5.0]},
        },
    ),
    "gemma2": (
        "gemma2",
        {**_GROUPED, "head_dim": 16, "query_pre_attn_scalar": 24, "sliding_window": 6}
        | {"attn_logit_softcapping": 5.0, "final_logit_softcapping": 4.0},
    ),
    "gemma3": (
        "gemma3_text",
        {**_GROUPED, "num_hidden_layers": 3, "head_dim": 16, "query_pre_attn_scalar": 24, "sliding_window": 6}
        | {"layer_types": ["sliding_attention", "full_attention", "sliding_attention"]},
    ),
    "gpt2": ("gpt2", {}),
    "opt": ("opt", {"ffn_dim": 48, "word_embed_proj_dim": 32}),
    "opt-post-norm": ("opt", {"ffn_dim": 48, "word_embed_proj_dim": 24, "do_layer_norm_before": False}),
    "gpt_neox": ("gpt_neox", {"tie_word_embeddings": False}),
    "gpt_neox-sequential": ("gpt_neox", {"use_parallel_residual": False, "hidden_act": "gelu_new"}),
    "bloom": ("bloom", {"num_attention_heads": 6, "hidden_size": 48}),
}


def configuration(name: str):
    """The configuration of a tiny model."""
    from transformers import AutoConfig

    model_type, differences = CONFIGURATIONS[name]
    return AutoConfig.for_model(model_type, **{**_SIZES, **differences})


def model(name: str, seed: int = 0):
    """The model in float32, evaluation mode. Every parameter is random, norms and biases too."""
    import torch
    from transformers import AutoModelForCausalLM

    made = AutoModelForCausalLM.from_config(configuration(name), dtype=torch.float32).eval()
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in made.parameters():
            noise = 0.2 * torch.randn(parameter.shape, generator=random)
            parameter.copy_(noise if parameter.dim() > 1 else parameter + noise)
    return made


def save(name: str, directory: Path, dtype: str = "float32", seed: int = 0, **arguments) -> Path:
    """Writes a model as a Hugging Face directory without a tokenizer; gives the directory."""
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    model(name, seed).to(getattr(torch, dtype)).save_pretrained(directory, **arguments)
    return directory


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    folder, *names = arguments
    for name in names or CONFIGURATIONS:
        print(save(name, Path(folder) / name))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
