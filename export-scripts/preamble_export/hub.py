"""Fetches what an export needs of a model on the Hugging Face Hub into the Hub's cache.

    python -m preamble_export.hub NAME [REVISION]

prints a JSON object with the ``snapshot``'s directory or an ``error``. This is the only part of the exporter that contacts anyone, in a
process of its own that runs when a model is named which is no directory. The Hub's own settings
hold: HF_ENDPOINT, HF_HOME, HF_TOKEN, HF_HUB_OFFLINE.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .errors import ExportError

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_INDEX = "model.safetensors.index.json"
_SMALL = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "tokenizer.model",
    "chat_template.json",
    "chat_template.jinja",
    "LICENSE*",
    "NOTICE*",
    _INDEX,
]


def is_name(model: str) -> bool:
    """Whether a model may be called so on the Hub."""
    return _NAME.fullmatch(model) is not None and ".." not in model


def fetch(name: str, revision: str | None, quiet: bool, environment: Mapping[str, str]) -> Path:
    """The directory of a model's snapshot, fetched as far as it is not in the cache.

    The last two parts of its path are ``snapshots`` and the commit.
    """
    command = [sys.executable, "-m", "preamble_export.hub", name, *([revision] if revision else [])]
    folder = Path(__file__).resolve().parent.parent
    if quiet:
        environment = {**environment, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    environment = {**environment, "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(folder)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    answer = json.loads((done.stdout.splitlines() or ["{}"])[-1])
    if "snapshot" not in answer:
        raise ExportError(f"{name}: {answer.get('error', 'fetching it ended without a word')}")
    return Path(answer["snapshot"])


def _download(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download

    snapshot = Path(snapshot_download(name, revision=revision, allow_patterns=_SMALL))
    weights = ["model.safetensors"]
    if (snapshot / _INDEX).is_file():
        weight_map = json.loads((snapshot / _INDEX).read_text(encoding="utf-8")).get("weight_map", {})
        weights = sorted({file for file in weight_map.values() if file == Path(file).name})
    return Path(snapshot_download(name, revision=snapshot.name, allow_patterns=[*_SMALL, *weights]))


def _reason(error: Exception, name: str, revision: str | None, endpoint: str) -> str:
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return f"{endpoint} gives this model only to those who accepted its terms; accept them and set HF_TOKEN"
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"no such directory, and no such model at {endpoint} (or a private one: set HF_TOKEN)"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{endpoint} has the model but no revision {revision!r}; name a branch, tag or commit"
    if os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE"):
        return (
            "no such directory, and not whole in the Hub's cache while HF_HUB_OFFLINE forbids to fetch it; "
            "unset that, or name a directory"
        )
    first = " ".join(str(error).split())[:300]
    return f"no such directory, and {endpoint} cannot be reached or does not answer as the Hub does ({first})"


def main(arguments: list[str]) -> int:
    name, revision = arguments[0], arguments[1] if len(arguments) > 1 else None
    from huggingface_hub import constants
    from huggingface_hub.utils import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        answer = {"snapshot": str(_download(name, revision))}
    except Exception as error:
        answer = {"error": _reason(error, name, revision, constants.ENDPOINT)}
    print(json.dumps(answer))
    return 0 if "snapshot" in answer else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
