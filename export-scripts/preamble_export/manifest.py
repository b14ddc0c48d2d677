"""The manifest ``preamble.json``: everything of a model that a reader must not guess."""

from __future__ import annotations

import hashlib
import json
from importlib import metadata

from transformers import AutoTokenizer, PreTrainedConfig

from . import weights
from .architectures import Architecture
from .checkpoint import DTYPE_NAMES, Checkpoint
from .trace import Trace

FILE = "preamble.json"
GRAPH_FILE = "preamble.onnx"
FORMAT_VERSION = 1
_EXPORTER = ("torch", "transformers", "onnx", "onnx-ir", "onnxscript")


def manifest(
    checkpoint: Checkpoint,
    config: PreTrainedConfig,
    architecture: Architecture,
    trace: Trace,
    graph: bytes,
    extra: bytes | None,
    name: str | None,
) -> dict:
    """The manifest of a finished graph; ``graph`` and ``extra`` are the files' contents."""
    embedding = weights.stored(checkpoint, trace, trace.embedding)
    files = [
        {"file": file, "bytes": (checkpoint.directory / file).stat().st_size, "sha256": digest}
        for file, digest in checkpoint.file_digests.items()
    ]
    if extra is not None:
        files.append({"file": weights.EXTRA_FILE, "bytes": len(extra), "sha256": hashlib.sha256(extra).hexdigest()})
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return {
        "format_version": FORMAT_VERSION,
        "task": "causal-lm",
        "graph": GRAPH_FILE,
        "graph_sha256": hashlib.sha256(graph).hexdigest(),
        "base_model": {
            "name": name or checkpoint.config.get("_name_or_path") or checkpoint.directory.resolve().name,
            "revision": None,
            "weights_sha256": checkpoint.weights_digest,
        },
        "architecture": architecture.model_type,
        "vocabulary_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "context_length": config.max_position_embeddings,
        "attention_heads": config.num_attention_heads,
        "dtype": "float32",
        "weights": {"files": files, "dtype": DTYPE_NAMES[embedding.dtype]},
        "key_value": [
            {"heads": heads, "head_size": size, "window": architecture.window(config, layer)}
            for layer in range(config.num_hidden_layers)
        ],
        "embedding": {
            "file": embedding.file,
            "tensor": embedding.name,
            "dtype": DTYPE_NAMES[embedding.dtype],
            "shape": list(embedding.shape),
            "scale": architecture.embedding_scale(config),
        },
        "special_tokens": _special_tokens(checkpoint),
        "tokenizer": "tokenizer.json" if (checkpoint.directory / "tokenizer.json").is_file() else None,
        "exporter": {package: metadata.version(package) for package in _EXPORTER},
    }


def _special_tokens(checkpoint: Checkpoint) -> dict:
    """Ids by role; generation_config.json wins over config.json, the tokenizer fills the gaps."""
    ids = {**checkpoint.config, **checkpoint.optional_json("generation_config.json")}
    found = {role: ids.get(f"{role}_token_id") for role in ("bos", "eos", "pad", "unk")}
    if (checkpoint.directory / "tokenizer.json").is_file():
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.directory, local_files_only=True)
        for role, value in found.items():
            if value is None:
                found[role] = getattr(tokenizer, f"{role}_token_id", None)
    eos = found["eos"]
    found["eos"] = [] if eos is None else eos if isinstance(eos, list) else [eos]
    return found


def encode(content: dict) -> bytes:
    """The manifest's text: sorted keys, indent 2, a final newline."""
    return (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
