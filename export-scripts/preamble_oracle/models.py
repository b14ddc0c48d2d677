"""Models, tokenizers and adapters of real transformers and PEFT, opened once and kept."""

from __future__ import annotations

import functools
from pathlib import Path

import torch
from peft import PeftConfig, PeftModel, PromptTuningConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

IGNORED = -100


@functools.lru_cache(maxsize=4)
def base(model: str, dtype: str = "float32"):
    """A frozen base model in evaluation mode.

    Attention is transformers' own choice, but for models that cap its scores: PyTorch's fused
    attention leaves the cap out.
    """
    if not Path(model).is_dir():
        raise FileNotFoundError(f"{model}: no such model directory")
    capped = getattr(AutoConfig.from_pretrained(model, local_files_only=True), "attn_logit_softcapping", None)
    opened = AutoModelForCausalLM.from_pretrained(
        model,
        dtype=getattr(torch, dtype),
        local_files_only=True,
        **({"attn_implementation": "eager"} if capped else {}),
    )
    return opened.eval().requires_grad_(False)


@functools.lru_cache(maxsize=8)
def tokenizer(model: str):
    """A model's tokenizer."""
    return AutoTokenizer.from_pretrained(model, local_files_only=True)


def adapted(model: str, adapter: str | None):
    """The base model, or PEFT's model with an adapter loaded for use."""
    if adapter is None:
        return base(model)
    return PeftModel.from_pretrained(base(model), adapter).eval()


def virtual_tokens(model) -> int:
    """How many rows PEFT puts before a text; 0 for a base model."""
    return model.active_peft_config.num_virtual_tokens if isinstance(model, PeftModel) else 0


def prompt_tuning(model: str, virtual_tokens: int, init_text: str | None = None, dtype: str = "float32"):
    """A trainable PEFT model with a new prompt: from a text, or from the standard normal."""
    start = {"prompt_tuning_init": "RANDOM"}
    if init_text is not None:
        start = {
            "prompt_tuning_init": "TEXT",
            "prompt_tuning_init_text": init_text,
            "tokenizer_name_or_path": model,
        }
    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=virtual_tokens, **start)
    return get_peft_model(base(model, dtype), config)


def trainable_copy(model: str, adapter: str):
    """A trainable PEFT model that starts from a saved prompt.

    PEFT loads prompts for use only, so the saved values are put into a new model of that config.
    """
    values = prompt(PeftModel.from_pretrained(base(model), adapter)).detach().clone()
    config = PeftConfig.from_pretrained(adapter)
    config.inference_mode = False
    opened = get_peft_model(base(model), config)
    prompt(opened).data.copy_(values)
    return opened


def prompt(model) -> torch.nn.Parameter:
    """The prompt rows of a PEFT model [virtual tokens, hidden]."""
    return model.prompt_encoder[model.active_adapter].embedding.weight


def batch(rows: list[list[int]], labels: list[list[int]] | None = None) -> dict[str, torch.Tensor]:
    """A right-padded batch with its attention mask, as PEFT's users make it."""
    width = max(len(row) for row in rows)

    def padded(lists, filler):
        return torch.tensor([[*row, *[filler] * (width - len(row))] for row in lists])

    made = {"input_ids": padded(rows, 0), "attention_mask": padded([[1] * len(row) for row in rows], 0)}
    if labels is not None:
        for row, row_labels in zip(rows, labels, strict=True):
            if len(row) != len(row_labels):
                raise ValueError(f"a row of {len(row)} tokens has {len(row_labels)} labels")
        made["labels"] = padded(labels, IGNORED)
    return made
