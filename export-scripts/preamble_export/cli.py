"""The command ``export.py MODEL [OUT]``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

# Nothing here contacts anyone; a library reads these when it is first imported.
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", ORT_DISABLE_TELEMETRY="1")

from .errors import ExportError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="export.py",
        description="Adds preamble.onnx and preamble.json to a Hugging Face causal language model. No weight is "
        "copied: the graph points into the checkpoint's own safetensors files.",
        epilog="Exit codes: 0 exported, 1 the graph does not agree with PyTorch, 2 the model cannot be exported.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="a Hugging Face model directory")
    parser.add_argument(
        "out", type=Path, metavar="OUT", nargs="?", help="where the exported model goes (default: into MODEL itself)"
    )
    parser.add_argument(
        "--name", help="the base model's name in the manifest (default: what config.json or the directory says)"
    )
    parser.add_argument(
        "--no-verify", action="store_true", help="skip the comparison with PyTorch, which loads the weights"
    )
    return parser


class _Progress:
    """Numbered lines, each with the seconds since the start."""

    def __init__(self):
        self._start = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"[{time.monotonic() - self._start:5.1f} s] {text}", flush=True)


def export(model: Path, out: Path | None, name: str | None, verify: bool, progress) -> int:
    """Exports one model; returns the exit code."""
    from .architectures import architecture_of
    from .checkpoint import Checkpoint

    checkpoint = Checkpoint.open(model)
    architecture = architecture_of(checkpoint.config)
    progress(f"{architecture.model_type} model in {model}; loading torch and transformers")

    import onnx_ir
    from transformers import AutoConfig

    from . import manifest, simplify, trace, weights
    from .publish import Staging

    with Staging(checkpoint, out) as staging:
        config = AutoConfig.from_pretrained(model, local_files_only=True)
        progress(f"tracing {config.num_hidden_layers} layers of width {config.hidden_size}")
        traced = trace.trace(config, architecture)
        simplify.simplify(traced.graph)
        progress("pointing the weights into the checkpoint")
        stored = weights.StoredWeights(checkpoint, traced)
        weights.point_at_checkpoint(traced.graph, stored)
        extra = weights.move_large_constants(traced.graph)
        graph = onnx_ir.to_proto(traced.graph).SerializeToString(deterministic=True)
        content = manifest.manifest(checkpoint, config, architecture, traced, stored, graph, extra, name)
        if extra is not None:
            staging.write(weights.EXTRA_FILE, extra)
        staging.write(manifest.GRAPH_FILE, graph)
        if verify:
            progress("comparing ONNX Runtime with PyTorch")
            from .verify import LIMIT, worst_difference

            worst = worst_difference(model, staging.directory)
            print(f"worst difference of a logit from PyTorch: {worst:.1e} (limit {LIMIT:.0e})")
            if not worst <= LIMIT:
                print(f"{model}: the exported graph does not agree with PyTorch; nothing was written", file=sys.stderr)
                return 1
        staging.write(manifest.FILE, manifest.encode(content))
        staging.publish()
    nodes = sum(1 for _ in traced.graph.graph)
    size = f"{len(graph):,} bytes, {nodes} nodes"
    progress(f"exported {staging.target}: {manifest.GRAPH_FILE} ({size}) and {manifest.FILE}")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return export(options.model, options.out, options.name, not options.no_verify, _Progress())
    except (ExportError, OSError) as error:
        print(f"export.py: {error}", file=sys.stderr)
        return 2
