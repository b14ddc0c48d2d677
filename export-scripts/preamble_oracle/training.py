"""The commands that train a prompt, by PEFT's own model class and PyTorch's own optimiser.

A training row is ``{"token_ids": [...], "labels": [...]}`` of equal lengths; a label is a token id,
or -100 where none is asked. As in PEFT, the label at a position is predicted from the position
before it, the first one from the last prompt row, and the loss is the mean cross-entropy over the
labelled tokens of the batch, over the whole vocabulary.
"""

from __future__ import annotations

import torch
import transformers
from safetensors.torch import load_file, save_file

from . import models, packed

SCHEDULES = {
    "cosine": transformers.get_cosine_schedule_with_warmup,
    "linear": transformers.get_linear_schedule_with_warmup,
    "constant": lambda optimizer, warmup, total: transformers.get_constant_schedule_with_warmup(optimizer, warmup),
}


def batch(rows: list[dict]) -> dict[str, torch.Tensor]:
    """Training rows as PEFT's users pad them."""
    return models.batch([row["token_ids"] for row in rows], [row["labels"] for row in rows])


def make_adapter(
    model: str,
    out: str,
    virtual_tokens: int,
    seed: int,
    init_text: str | None = None,
    scale: float = 1.0,
    batches: list[list[dict]] = (),
    lr: float = 0.01,
) -> dict:
    """Saves a new prompt as PEFT saves it.

    The rows are ``scale`` times the standard normal, or times the embeddings of ``init_text``;
    then one AdamW step at ``lr`` for each of ``batches``, if there are any.
    """
    torch.manual_seed(seed)
    opened = models.prompt_tuning(model, virtual_tokens, init_text)
    models.prompt(opened).data.mul_(scale)
    losses = _train(opened, batches, lr=lr)["losses"] if batches else []
    opened.save_pretrained(out)
    return {"virtual_tokens": virtual_tokens, "losses": losses}


def gradient(
    model: str, prompt: str, rows: list[dict], out: str, dtype: str = "float32", by_hand: bool = False
) -> dict:
    """Writes ``gradient`` [virtual tokens, hidden], of the loss by the prompt, and answers the loss.

    ``prompt`` names a file with ``prompt_embeddings``; ``dtype`` float64 gives a finer reference,
    written as float64. ``by_hand`` takes the packed step in PyTorch instead of PEFT's.
    """
    values = load_file(prompt)["prompt_embeddings"]
    opened = models.prompt_tuning(model, values.shape[0], dtype=dtype)
    parameter = models.prompt(opened)
    parameter.data = values.to(getattr(torch, dtype))
    loss = packed.loss(models.base(model, dtype), parameter, rows) if by_hand else opened.eval()(**batch(rows)).loss
    loss.backward()
    save_file({"gradient": parameter.grad}, out)
    return {"loss": loss.item()}


def train_trace(
    model: str,
    adapter: str,
    batches: list[list[dict]],
    lr: float,
    schedule: str = "constant",
    warmup_steps: int = 0,
    total_steps: int | None = None,
    weight_decay: float = 0.01,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    max_grad_norm: float | None = None,
    out: str | None = None,
) -> dict:
    """Trains from a saved prompt, one AdamW step a batch, and saves the result to ``out``.

    Answers, a step each: ``losses`` (before the step's update), ``grad_norms`` (L2, before
    clipping), ``learning_rates`` as used. With t counted from 0, w warm-up steps and n total steps
    (default: as many as batches), step t uses ``lr`` times

    * t / w while t < w (so the first warm-up step changes nothing), then
    * constant: 1; linear: (n - t) / (n - w); cosine: (1 + cos(pi (t - w) / (n - w))) / 2.
    """
    opened = models.trainable_copy(model, adapter)
    trace = _train(
        opened,
        batches,
        lr=lr,
        schedule=schedule,
        warmup_steps=warmup_steps,
        total_steps=total_steps,
        max_grad_norm=max_grad_norm,
        weight_decay=weight_decay,
        betas=tuple(betas),
        eps=eps,
    )
    if out is not None:
        opened.save_pretrained(out)
    return trace


def _train(
    opened, batches, lr, schedule="constant", warmup_steps=0, total_steps=None, max_grad_norm=None, **adamw
) -> dict:
    if schedule not in SCHEDULES:
        raise ValueError(f"unknown schedule {schedule!r}; known: {', '.join(SCHEDULES)}")
    parameter = models.prompt(opened)
    optimizer = torch.optim.AdamW([parameter], lr=lr, **adamw)
    rates = SCHEDULES[schedule](optimizer, warmup_steps, len(batches) if total_steps is None else total_steps)
    trace = {"losses": [], "grad_norms": [], "learning_rates": []}
    opened.eval()
    for rows in batches:
        optimizer.zero_grad()
        loss = opened(**batch(rows)).loss
        loss.backward()
        limit = float("inf") if max_grad_norm is None else max_grad_norm
        trace["losses"].append(loss.item())
        trace["grad_norms"].append(torch.nn.utils.clip_grad_norm_([parameter], limit).item())
        trace["learning_rates"].append(rates.get_last_lr()[0])
        optimizer.step()
        rates.step()
    return trace
