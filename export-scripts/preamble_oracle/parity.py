"""The command that writes an adapter of every method for a model, and PEFT's logits under each."""

from __future__ import annotations

from pathlib import Path

import peft
import torch
from safetensors.torch import save_file

from . import models

_ADAPTERS = {
    "prompt-tuning": (peft.PromptTuningConfig, {}),
    "p-tuning": (peft.PromptEncoderConfig, {"encoder_hidden_size": 24}),
    "prefix-tuning": (peft.PrefixTuningConfig, {}),
    "multitask": (peft.MultitaskPromptTuningConfig, {"num_tasks": 3, "num_ranks": 2}),
    "cpt": (peft.CPTConfig, {}),
    "cartridge": (peft.CartridgeConfig, {"num_frozen_tokens": 1}),
}


def parity(
    model: str,
    token_ids: list[int],
    virtual_tokens: int,
    task_id: int,
    out: str,
    methods: list[str] = tuple(_ADAPTERS),
    scale: float = 0.3,
) -> dict:
    """Writes ``out/METHOD`` and ``out/METHOD.safetensors`` for each method, ``out/base.safetensors`` besides.

    Every parameter of an adapter gets random noise of the given ``scale`` before PEFT saves it; the
    logits are those of the adapter loaded again. A file has ``logits`` [tokens, vocabulary] of the
    text's positions, and ``first`` [vocabulary] where virtual tokens pass through the model: what
    the last of them predicts. Multitask prompts answer for ``task_id``.
    """
    with torch.no_grad():
        base = models.base(model)
        text = models.batch([token_ids])
        save_file({"logits": base(**text).logits[0].contiguous()}, Path(out, "base.safetensors"))
        for seed, name in enumerate(methods):
            config, arguments = _ADAPTERS[name]
            if config is peft.CPTConfig:
                ids = [(3 + 7 * i) % base.config.vocab_size for i in range(virtual_tokens)]
                mask = [1 + i % 4 for i in range(virtual_tokens)]
                arguments = {"cpt_token_ids": ids, "cpt_mask": [1] * virtual_tokens, "cpt_tokens_type_mask": mask}
                arguments |= {"opt_projection_epsilon": 1, "opt_projection_format_epsilon": 1}
            torch.manual_seed(seed)
            made = config(task_type="CAUSAL_LM", num_virtual_tokens=virtual_tokens, **arguments)
            fresh = peft.get_peft_model(base, made).eval()
            for parameter in fresh.prompt_encoder.parameters():
                parameter.add_(scale * torch.randn_like(parameter))
            fresh.save_pretrained(Path(out, name), save_embedding_layers=False)
            opened = peft.PeftModel.from_pretrained(base, Path(out, name)).eval()
            task = {"task_ids": torch.tensor([task_id])} if name == "multitask" else {}
            rows = opened(**text, **task).logits[0]
            before = rows.shape[0] - len(token_ids)
            tensors = {"logits": rows[before:].contiguous()}
            if before:
                tensors["first"] = rows[before - 1].contiguous()
            save_file(tensors, Path(out, f"{name}.safetensors"))
    return {}
