"""The commands that look at a model, and the table of all commands.

Paths are directories of models and adapters, or safetensors files to write.
"""

from __future__ import annotations

import os
import platform
from importlib import metadata

import torch
from safetensors.torch import save_file

from . import (
    adapters,
    blas,
    chat,
    exports,
    labels,
    methods,
    models,
    optimizers,
    parity,
    sampling,
    sized,
    timing,
    training,
)
from .generating import time_generate

_VERSIONS = ("torch", "transformers", "peft", "tokenizers", "safetensors", "onnxruntime")


def hello() -> dict:
    """Versions, threads, what multiplies matrices, whether by its fast path, and in the stock wheel."""
    return {
        "versions": {"python": platform.python_version(), **{v: metadata.version(v) for v in _VERSIONS}},
        "threads": torch.get_num_threads(),
        "cpus": os.cpu_count(),
        "blas": "MKL" if torch.backends.mkl.is_available() else "other",
        "blas_fast_path": blas.is_fast(),
        "stock_wheel_is_fast": blas.stock_is_fast(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


def tokenize(model: str, texts: list[str], add_special_tokens: bool = True) -> dict:
    """``token_ids`` of each text."""
    tokenizer = models.tokenizer(model)
    return {"token_ids": [tokenizer(t, add_special_tokens=add_special_tokens)["input_ids"] for t in texts]}


def decode(model: str, token_ids: list[list[int]], skip_special_tokens: bool = False) -> dict:
    """``texts`` of each list of ids."""
    tokenizer = models.tokenizer(model)
    return {"texts": [tokenizer.decode(ids, skip_special_tokens=skip_special_tokens) for ids in token_ids]}


def logits(model: str, token_ids: list[int], out: str, adapter: str | None = None) -> dict:
    """Writes ``logits`` [tokens, vocabulary] of a text's positions, virtual ones left out.

    With an adapter also ``first`` [vocabulary], the logits at the last virtual token, which predict
    the first token of the text.
    """
    opened = models.adapted(model, adapter)
    virtual = models.virtual_tokens(opened)
    with torch.no_grad():
        rows = opened(**models.batch([token_ids])).logits[0]
    tensors = {"logits": rows[virtual:].contiguous()}
    if virtual:
        tensors["first"] = rows[virtual - 1].contiguous()
    save_file(tensors, out)
    return {"tokens": len(token_ids), "vocabulary": rows.shape[-1], "virtual_tokens": virtual}


def generate(
    model: str, token_ids: list[int], max_new_tokens: int, adapter: str | None = None, task_id: int | None = None
) -> dict:
    """``token_ids`` that greedy decoding adds to a text; an end-of-text token is among them."""
    opened = models.adapted(model, adapter)
    task = {} if task_id is None else {"task_ids": torch.tensor([task_id])}
    with torch.no_grad():
        output = opened.generate(
            **models.batch([token_ids]), **task, max_new_tokens=max_new_tokens, do_sample=False, pad_token_id=0
        )
    return {"token_ids": output[0, len(token_ids) :].tolist()}


def accuracy(
    model: str,
    rows: list[list[int]],
    label_token_ids: list[int],
    answers: list[int],
    batch_size: int = 16,
    adapter: str | None = None,
) -> dict:
    """How often the label token of the right class wins after a row's last token.

    ``answers`` are indices into ``label_token_ids``. ``accuracy`` and ``predictions`` compare the
    label tokens only; ``unrestricted`` asks that the right label token beats the whole vocabulary.
    """
    opened = models.adapted(model, adapter)
    predictions, best = labels.predictions(opened, rows, label_token_ids, batch_size)
    pairs = list(zip(predictions, best, answers, strict=True))
    return {
        "accuracy": sum(p == a for p, _, a in pairs) / len(pairs),
        "unrestricted": sum(b == label_token_ids[a] for _, b, a in pairs) / len(pairs),
        "predictions": predictions,
    }


COMMANDS = {
    command.__name__: command
    for command in (
        hello,
        tokenize,
        decode,
        logits,
        generate,
        time_generate,
        accuracy,
        chat.render_chats,
        chat.strftime,
        sampling.processed,
        training.make_adapter,
        training.gradient,
        training.train_trace,
        methods.method_gradient,
        methods.dropout_gradient,
        methods.method_start,
        methods.method_trace,
        methods.adapter_loss,
        labels.train_labels,
        labels.train_job,
        optimizers.optimizer_trace,
        adapters.write_adapters,
        adapters.adapter_logits,
        adapters.reference_logits,
        adapters.resave_config,
        exports.tiny_models,
        exports.export_tiny,
        sized.export_sized,
        timing.time_steps,
        timing.time_steps_of_stock_wheel,
        timing.time_product,
        parity.parity,
    )
}
