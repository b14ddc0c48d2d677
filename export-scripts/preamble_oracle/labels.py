"""Prompt tuning by a loss over the words of the labels alone, as for classification."""

from __future__ import annotations

import torch
import transformers

from . import models


def train_labels(
    model: str,
    adapter: str,
    batches: list[dict],
    label_token_ids: list[int],
    lr: float,
    warmup_steps: int,
    max_grad_norm: float,
    out: str | None = None,
) -> dict:
    """Trains a saved prompt with AdamW (no decay) on a cosine schedule; answers ``losses``.

    A batch has ``rows``, token ids, and ``answers``, indices into ``label_token_ids``. The loss is
    the cross-entropy among those tokens' logits at each row's last token.
    """
    opened = models.trainable_copy(model, adapter).eval()
    parameter = models.prompt(opened)
    optimizer = torch.optim.AdamW([parameter], lr=lr, weight_decay=0.0)
    rates = transformers.get_cosine_schedule_with_warmup(optimizer, warmup_steps, len(batches))
    labels = torch.tensor(label_token_ids)
    virtual = models.virtual_tokens(opened)
    losses = []
    for batch in batches:
        rows = batch["rows"]
        last = torch.tensor([virtual + len(row) - 1 for row in rows])
        optimizer.zero_grad()
        logits = opened(**models.batch(rows)).logits[torch.arange(len(rows)), last]
        loss = torch.nn.functional.cross_entropy(logits[:, labels], torch.tensor(batch["answers"]))
        loss.backward()
        losses.append(loss.item())
        torch.nn.utils.clip_grad_norm_([parameter], max_grad_norm)
        optimizer.step()
        rates.step()
    if out is not None:
        opened.save_pretrained(out)
    return {"losses": losses}
