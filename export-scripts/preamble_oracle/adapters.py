"""The commands that write and open adapters of every method, on tiny random models.

The base models are those of ``make_adapter_fixtures`` and, for files of older releases, of
``make_old_adapter_fixtures``: ``kind`` names one, and the same kind is the same model every time.
The text is fixed; multitask prompts answer for task 1.
"""

from __future__ import annotations

import json
from pathlib import Path

import make_adapter_fixtures
import make_old_adapter_fixtures
import peft
import torch
from safetensors.torch import load_file, save_file
from transformers import DynamicCache

_TEXT = [[5, 9, 23, 42, 7, 3]]
_TASK = 1


def write_adapters(out: str) -> dict:
    """Writes an adapter of each method on each model with PEFT, under ``out/adapters``."""
    return {"adapters": make_adapter_fixtures.write_all(Path(out))}


def adapter_logits(kind: str, adapter: str, out: str, old: bool = False) -> dict:
    """Writes ``logits`` of the text by PEFT with the adapter loaded."""
    model = peft.PeftModel.from_pretrained(_base(kind, old), adapter).eval()
    arguments = {"input_ids": torch.tensor(_TEXT), "attention_mask": torch.ones(1, len(_TEXT[0]))}
    if model.active_peft_config.peft_type == peft.PeftType.MULTITASK_PROMPT_TUNING:
        arguments["task_ids"] = torch.tensor([_TASK])
    with torch.no_grad():
        save_file({"logits": model(**arguments).logits.contiguous()}, out)
    return {"peft_type": model.active_peft_config.peft_type}


def reference_logits(kind: str, adapter: str, out: str) -> dict:
    """Writes ``logits`` of the text without PEFT: the base model called by hand with the file's values."""
    config = json.loads(Path(adapter, "adapter_config.json").read_text())
    tensors = load_file(Path(adapter, "adapter_model.safetensors"))
    values = tensors.pop("prompt_embeddings")
    base = _base(kind, old=False)
    heads = {name.removeprefix("base_model."): head for name, head in tensors.items() if name.startswith("base_model.")}
    base.load_state_dict(heads, strict=False)
    ids = torch.tensor(_TEXT)
    count = values.shape[0]
    mask = torch.ones(1, count + ids.shape[1])
    with torch.no_grad():
        if config["peft_type"] in ("PREFIX_TUNING", "CARTRIDGE"):
            inputs = {"input_ids": ids, "past_key_values": _cache(base.config, values)}
        else:
            if config["peft_type"] == "MULTITASK_PROMPT_TUNING":
                values = values * (tensors["prefix_task_cols"][_TASK] @ tensors["prefix_task_rows"][_TASK])
            inputs = {"inputs_embeds": torch.cat([values[None], base.get_input_embeddings()(ids)], dim=1)}
        if kind == "bert":
            logits = base.classifier(base.bert(**inputs, attention_mask=mask).pooler_output)
        else:
            logits = base(**inputs, attention_mask=mask).logits
    save_file({"logits": logits.contiguous()}, out)
    return {"virtual_tokens": count}


def resave_config(adapter: str, out: str) -> dict:
    """Reads an ``adapter_config.json`` with PEFT and writes it again to the folder ``out``."""
    peft.PeftConfig.from_pretrained(adapter).save_pretrained(out)
    return {}


def _base(kind: str, old: bool):
    return (make_old_adapter_fixtures if old else make_adapter_fixtures).base_model(kind).eval()


def _cache(config, values: torch.Tensor) -> DynamicCache:
    """Rows of [layers, keys and values, heads, head size] as a cache."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = config.hidden_size // config.num_attention_heads
    grid = values.view(values.shape[0], config.num_hidden_layers, 2, heads, size)
    cache = DynamicCache()
    for layer in range(config.num_hidden_layers):
        keys, held = (grid[:, layer, part].transpose(0, 1)[None] for part in (0, 1))
        cache.update(keys, held, layer)
    return cache
