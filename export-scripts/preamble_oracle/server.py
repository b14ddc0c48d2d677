"""The loop: a request a line in, an answer a line out."""

from __future__ import annotations

import json
import os
import sys
import traceback

# Nothing here contacts anyone; the libraries read these when they are first imported.
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
os.environ["TOKENIZERS_PARALLELISM"] = "false"


def serve() -> int:
    """Answers requests until the input ends."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        import torch
        from transformers.utils import logging

        from .commands import COMMANDS

        logging.disable_progress_bar()
        for line in sys.stdin:
            if line.strip():
                answers.write(json.dumps(_answer(line, COMMANDS, torch)) + "\n")
                answers.flush()
    return 0


def _answer(line: str, commands: dict, torch) -> dict:
    try:
        request = json.loads(line)
        name = request.pop("command")
        if name not in commands:
            raise ValueError(f"unknown command {name!r}; known: {', '.join(sorted(commands))}")
        threads = request.pop("threads", None)
        if threads is not None:
            torch.set_num_threads(threads)
        return commands[name](**request)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
