"""Classification by the words of the labels: how often they are right, and prompts tuned for it."""

from __future__ import annotations

import time

import torch
import transformers

from . import models, training


def predictions(opened, rows: list[list[int]], label_token_ids: list[int], batch_size: int = 16) -> tuple[list, list]:
    """For each row, which label token wins after its last token, and which token of the vocabulary."""
    virtual = models.virtual_tokens(opened)
    labels = torch.tensor(label_token_ids)
    among, of_all = [], []
    with torch.no_grad():
        for start in range(0, len(rows), batch_size):
            part = rows[start : start + batch_size]
            last = torch.tensor([virtual + len(row) - 1 for row in part])
            scores = opened(**models.batch(part)).logits[torch.arange(len(part)), last]
            among += scores[:, labels].argmax(-1).tolist()
            of_all += scores.argmax(-1).tolist()
    return among, of_all


def train_job(
    model: str,
    adapter: str,
    epochs: list[list[list[dict]]],
    lr: float,
    warmup_steps: int,
    max_grad_norm: float,
    rows: list[list[int]],
    label_token_ids: list[int],
    answers: list[int],
    out: str,
) -> dict:
    """A whole job: trains a saved prompt and scores it after each epoch, as PEFT's users do it.

    ``epochs`` has the batches of each, rows as in :mod:`.training`; the loss is PEFT's, the optimiser
    AdamW without decay on a cosine schedule. ``rows`` are scored by their label tokens, ``answers``
    the right ones, indices into ``label_token_ids``. Answers, an epoch each: ``losses`` (means of the
    steps), ``accuracies``, ``seconds`` from the start to the end of the epoch's scoring, the opening
    of the base model left out, and ``training_seconds``, those of the steps so far.
    """
    models.base(model)
    began = time.perf_counter()
    opened = models.trainable_copy(model, adapter).eval()
    parameter = models.prompt(opened)
    optimizer = torch.optim.AdamW([parameter], lr=lr, weight_decay=0.0)
    rates = transformers.get_cosine_schedule_with_warmup(optimizer, warmup_steps, sum(map(len, epochs)))
    answer = {"losses": [], "accuracies": [], "seconds": [], "training_seconds": []}
    training_seconds = 0.0
    for batches in epochs:
        epoch_began = time.perf_counter()
        losses = []
        for batch in batches:
            optimizer.zero_grad()
            loss = opened(**training.batch(batch)).loss
            loss.backward()
            losses.append(loss.item())
            torch.nn.utils.clip_grad_norm_([parameter], max_grad_norm)
            optimizer.step()
            rates.step()
        training_seconds += time.perf_counter() - epoch_began
        found, _ = predictions(opened, rows, label_token_ids)
        answer["losses"].append(sum(losses) / len(losses))
        answer["accuracies"].append(sum(f == a for f, a in zip(found, answers, strict=True)) / len(answers))
        answer["training_seconds"].append(training_seconds)
        answer["seconds"].append(time.perf_counter() - began)
    opened.save_pretrained(out)
    return answer


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
