"""The manifest ``preamble.json``: everything of a model that a reader must not guess."""

from __future__ import annotations

import hashlib
import json
from importlib import metadata

import onnx_ir as ir
from transformers import AutoTokenizer, PreTrainedConfig

from .architectures import Architecture
from .checkpoint import DTYPE_NAMES, Checkpoint
from .trace import Trace
from .weights import StoredWeights

FILE = "preamble.json"
GRAPH_FILE = "preamble.onnx"
FORMAT_VERSION = 1
_EXPORTER = ("torch", "transformers", "onnx", "onnx-ir", "onnxscript")


def manifest(
    checkpoint: Checkpoint,
    config: PreTrainedConfig,
    architecture: Architecture,
    trace: Trace,
    stored: StoredWeights,
    graph: bytes,
    own: dict | None,
    base: tuple[str | None, str | None],
    dtype: str,
    weights_dtype: str | None,
    context_length: int,
) -> dict:
    """The manifest of a finished graph, ``graph`` being the file's content.

    ``own`` describes the file of weights that are ours, if there is one; ``base`` is the model's
    name and revision as far as they were given; ``dtype`` is what the graph computes in and
    ``weights_dtype`` what its weights are stored in, if that is not what the checkpoint has; ``context_length`` counts the positions that
    the graph computes as the model does.
    """
    name, revision = base
    embedding = stored[trace.embedding]
    files = [
        {"file": file, "bytes": (checkpoint.directory / file).stat().st_size, "sha256": digest}
        for file, digest in checkpoint.file_digests.items()
    ]
    if own is not None:
        files.append(own)
    return {
        "format_version": FORMAT_VERSION,
        "task": "causal-lm",
        "graph": GRAPH_FILE,
        "graph_sha256": hashlib.sha256(graph).hexdigest(),
        "base_model": {
            "name": name or checkpoint.config.get("_name_or_path") or checkpoint.directory.resolve().name,
            "revision": revision,
            "weights_sha256": checkpoint.weights_digest,
        },
        "architecture": architecture.model_type,
        "vocabulary_size": config.vocab_size,
        "hidden_size": embedding.shape[1],
        "context_length": context_length,
        "attention_heads": config.num_attention_heads,
        "dtype": dtype,
        "weights": {"files": files, "dtype": weights_dtype or DTYPE_NAMES[embedding.dtype]},
        "key_value": _key_value(trace.graph.graph),
        "embedding": {
            "file": embedding.file,
            "tensor": embedding.name,
            "dtype": DTYPE_NAMES[embedding.dtype],
            "shape": list(embedding.shape),
            "scale": trace.embedding_scale,
        },
        "special_tokens": _special_tokens(checkpoint),
        "tokenizer": "tokenizer.json" if (checkpoint.directory / "tokenizer.json").is_file() else None,
        "exporter": {package: metadata.version(package) for package in _EXPORTER},
    }


def _key_value(graph: ir.Graph) -> list[dict]:
    """Each layer's cache as the graph has it; a window counts the position itself."""
    layers = []
    for value in (v for v in graph.outputs if v.name.startswith("present.") and v.name.endswith(".key")):
        window = value.producer().attributes["local_window_size"].as_int()
        layers.append(
            {"heads": value.shape[1], "head_size": value.shape[3], "window": None if window == -1 else window}
        )
    return layers


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
