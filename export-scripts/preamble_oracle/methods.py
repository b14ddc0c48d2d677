"""The commands that train any prompt-learning method with PEFT's own classes.

``config`` holds the fields of the method's PEFT configuration, ``peft_type`` among them.
``parameters`` names a safetensors file with the values of the method's live parameters, called as
PEFT calls them below ``prompt_encoder.default``. A row may say its ``task``.
"""

from __future__ import annotations

import peft
import torch
from safetensors.torch import load_file, save_file

from . import models, training


def method_gradient(
    model: str, config: dict, parameters: str, rows: list[dict], out: str, dtype: str = "float64"
) -> dict:
    """Writes the gradient of the loss by each trainable parameter, and answers the loss."""
    opened = _opened(model, config, parameters, dtype)
    loss = opened(**_batch(opened, rows)).loss
    loss.backward()
    save_file({name: each.grad.contiguous() for name, each in _trainable(opened).items()}, out)
    return {"loss": loss.item()}


def dropout_gradient(model: str, config: dict, parameters: str, rows: list[dict], out: str, seed: int) -> dict:
    """As :func:`method_gradient` while the encoder, an LSTM, drops states between its layers.

    ``rows`` has one row, for PEFT draws masks of their own for each. Also writes the masks that
    PyTorch draws after ``seed``, ``masks.<layer>`` [virtual tokens, 2 * encoder hidden].
    """
    opened = _opened(model, config, parameters, "float64")
    opened.prompt_encoder.train()
    torch.manual_seed(seed)
    loss = opened(**_batch(opened, rows)).loss
    loss.backward()
    fields = opened.active_peft_config
    torch.manual_seed(seed)
    ones = torch.ones(fields.num_virtual_tokens, 2 * fields.encoder_hidden_size, dtype=torch.float64)
    masks = [torch.nn.functional.dropout(ones, fields.encoder_dropout) for _ in range(fields.encoder_num_layers - 1)]
    gradients = {name: each.grad.contiguous() for name, each in _trainable(opened).items()}
    save_file({**gradients, **{f"masks.{layer}": mask for layer, mask in enumerate(masks)}}, out)
    return {"loss": loss.item()}


def method_start(model: str, config: dict, out: str) -> dict:
    """Writes the parameters that a new model of ``config`` starts from."""
    fields = {"task_type": "CAUSAL_LM", **config}
    kind = peft.PeftType(fields.pop("peft_type"))
    opened = peft.get_peft_model(models.base(model), peft.PEFT_TYPE_TO_CONFIG_MAPPING[kind](**fields))
    live = dict(opened.prompt_encoder["default"].named_parameters())
    save_file({name: each.detach().contiguous() for name, each in live.items()}, out)
    return {"parameters": sorted(live)}


def method_trace(
    model: str,
    config: dict,
    parameters: str,
    batches: list[list[dict]],
    lr: float,
    schedule: str,
    warmup_steps: int,
    weight_decay: float,
    eps: float,
    max_grad_norm: float,
    out: str,
) -> dict:
    """Trains with AdamW, a step a batch, and saves the adapter to ``out``.

    Answers, a step each: ``losses`` (before the step's update) and ``grad_norms`` (before clipping).
    """
    opened = _opened(model, config, parameters, "float32")
    trained = list(_trainable(opened).values())
    optimizer = torch.optim.AdamW(trained, lr=lr, weight_decay=weight_decay, eps=eps)
    rates = training.SCHEDULES[schedule](optimizer, warmup_steps, len(batches))
    trace = {"losses": [], "grad_norms": []}
    for rows in batches:
        optimizer.zero_grad()
        loss = opened(**_batch(opened, rows)).loss
        loss.backward()
        trace["losses"].append(loss.item())
        trace["grad_norms"].append(torch.nn.utils.clip_grad_norm_(trained, max_grad_norm).item())
        optimizer.step()
        rates.step()
    opened.save_pretrained(out)
    return trace


def adapter_loss(model: str, adapter: str, rows: list[dict]) -> dict:
    """The mean cross-entropy over the labelled tokens of rows with a saved adapter, by its logits.

    A row's very first token must have no label.
    """
    opened = peft.PeftModel.from_pretrained(models.base(model), adapter).eval()
    batch = _batch(opened, rows)
    labels = batch.pop("labels")
    with torch.no_grad():
        logits = opened(**batch).logits[:, -labels.shape[1] :]
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
    return {"loss": loss.item()}


def _opened(model: str, config: dict, parameters: str, dtype: str):
    fields = {"task_type": "CAUSAL_LM", **config}
    kind = peft.PeftType(fields.pop("peft_type"))
    opened = peft.get_peft_model(models.base(model, dtype), peft.PEFT_TYPE_TO_CONFIG_MAPPING[kind](**fields)).eval()
    encoder = opened.prompt_encoder["default"].to(getattr(torch, dtype))
    values = load_file(parameters)
    live = dict(encoder.named_parameters())
    if live.keys() != values.keys():
        raise ValueError(f"live parameters {sorted(live)}, given {sorted(values)}")
    for name, parameter in live.items():
        if parameter.shape != values[name].shape:
            raise ValueError(f"{name} is {list(parameter.shape)}, given {list(values[name].shape)}")
        parameter.data.copy_(values[name])
    return opened


def _trainable(opened) -> dict[str, torch.nn.Parameter]:
    return {name: p for name, p in opened.prompt_encoder["default"].named_parameters() if p.requires_grad}


def _batch(opened, rows: list[dict]) -> dict[str, torch.Tensor]:
    batch = training.batch(rows)
    if opened.active_peft_config.peft_type == peft.PeftType.MULTITASK_PROMPT_TUNING:
        batch["task_ids"] = torch.tensor([row.get("task", 0) for row in rows])
    return batch
