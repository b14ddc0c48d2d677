"""The optimisers that training is held to, moved by given gradients."""

from __future__ import annotations

import torch
import transformers
from safetensors.torch import load_file, save_file


def optimizer_trace(optimizer: str, tensors: str, out: str, lr: list[float], **settings) -> dict:
    """Moves ``parameter`` of the file ``tensors`` by its ``gradients`` [steps, ...shape].

    ``adamw`` is torch's, ``adafactor`` transformers' as its trainer makes it; ``lr`` has the rate of
    each step. Writes ``trace`` [steps, ...shape], the parameter after each step.
    """
    given = load_file(tensors)
    parameter = torch.nn.Parameter(given["parameter"].clone())
    if optimizer == "adafactor":
        moving = transformers.Adafactor([parameter], lr=lr[0], scale_parameter=False, relative_step=False, **settings)
    else:
        moving = torch.optim.AdamW([parameter], lr=lr[0], **settings)
    trace = []
    for rate, gradient in zip(lr, given["gradients"], strict=True):
        moving.param_groups[0]["lr"] = rate
        parameter.grad = gradient.clone()
        moving.step()
        trace.append(parameter.detach().clone())
    save_file({"trace": torch.stack(trace)}, out)
    return {"steps": len(trace)}
