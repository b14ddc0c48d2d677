"""A process that opens a model and computes first logits, for comparing how long that takes.

    python -m preamble_oracle.opening transformers|onnxruntime MODEL ID...

prints one JSON object: ``seconds`` from the end of the imports to the logits, and the ``token`` that
they favour. ``MODEL`` is an exported model's directory; ``onnxruntime`` runs its graph.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def _transformers(model: Path, ids: list[int]) -> tuple[float, int]:
    import torch
    from transformers import AutoModelForCausalLM

    start = time.perf_counter()
    opened = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32, local_files_only=True).eval()
    with torch.no_grad():
        logits = opened(torch.tensor([ids])).logits[0, -1]
    return time.perf_counter() - start, int(logits.argmax())


def _onnxruntime(model: Path, ids: list[int]) -> tuple[float, int]:
    import numpy as np
    import onnxruntime
    from safetensors import safe_open

    start = time.perf_counter()
    manifest = json.loads((model / "preamble.json").read_text())
    session = onnxruntime.InferenceSession(model / manifest["graph"], providers=["CPUExecutionProvider"])
    embedding = manifest["embedding"]
    with safe_open(model / embedding["file"], "numpy") as weights:
        rows = weights.get_slice(embedding["tensor"])
        embeds = np.stack([rows[i] for i in ids]).astype(np.float32) * np.float32(embedding["scale"])
    count = len(ids)
    inputs = {
        "inputs_embeds": embeds[None],
        "position_ids": np.arange(count)[None],
        "seqlens_k": np.array([count - 1], np.int32),
        "total_sequence_length": np.array(count, np.int32),
        "logit_positions": np.array([[count - 1]]),
    }
    for layer, shape in enumerate(manifest["key_value"]):
        for part in ("key", "value"):
            empty = np.zeros((1, shape["heads"], count, shape["head_size"]), np.float32)
            inputs[f"past_key_values.{layer}.{part}"] = empty
    logits = session.run(["logits"], inputs)[0][0, -1]
    return time.perf_counter() - start, int(logits.argmax())


if __name__ == "__main__":
    way, model, *ids = sys.argv[1:]
    ways = {"transformers": _transformers, "onnxruntime": _onnxruntime}
    seconds, token = ways[way](Path(model), [int(each) for each in ids])
    print(json.dumps({"seconds": seconds, "token": token}))
