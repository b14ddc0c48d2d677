"""The command ``export.py MODEL [OUT]``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_USER_ENVIRONMENT = dict(os.environ)
# Nothing in this process contacts anyone; a library reads these when it is first imported. Only
# preamble_export.hub, a process of its own, gets the user's environment.
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", ORT_DISABLE_TELEMETRY="1")

from .errors import ExportError


@dataclass(frozen=True)
class Request:
    """What is to be exported, and how; the fields are the command's arguments."""

    model: Path
    out: Path | None
    name: str | None = None
    revision: str | None = None
    dtype: str | None = None
    quantize: str | None = None
    verify: bool = True
    long_context: bool = False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="export.py",
        description="Adds preamble.onnx and preamble.json to a Hugging Face causal language model. No weight is "
        "copied: the graph points into the checkpoint's own safetensors files. What --dtype or --quantize "
        "make of weights goes into preamble.weights.safetensors.",
        epilog="Exit codes: 0 exported, 1 the graph does not agree with PyTorch, 2 the model cannot be exported.",
    )
    parser.add_argument("model", metavar="MODEL", help="a Hugging Face model directory, or a model's name on the Hub")
    parser.add_argument(
        "out", type=Path, metavar="OUT", nargs="?", help="where the exported model goes (default: into MODEL itself)"
    )
    parser.add_argument(
        "--dtype",
        choices=("float32", "float16", "bfloat16"),
        help="what the graph computes in (default: float32, the weights being as they are stored)",
    )
    parser.add_argument(
        "--quantize", choices=("int8", "int4"), help="store linear layers in 8 or 4 bits, in blocks of 32"
    )
    parser.add_argument(
        "--long-context",
        action="store_true",
        help="of a longrope model (phi3): rotate every text by the factors for long ones, which gives all positions "
        "(default: by those for short ones, which gives the positions that the model was made with)",
    )
    parser.add_argument("--revision", help="a branch, tag or commit of MODEL on the Hub (default: main)")
    parser.add_argument(
        "--name", help="the base model's name in the manifest (default: what config.json or the directory says)"
    )
    parser.add_argument(
        "--no-verify", action="store_true", help="skip the comparison with PyTorch, which loads the weights"
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    return parser


class _Progress:
    """Numbered lines, each with the seconds since the start."""

    def __init__(self, quiet: bool):
        self._start = self._last = time.monotonic()
        self._quiet = quiet

    def __call__(self, text: str) -> None:
        self._last = time.monotonic()
        if not self._quiet:
            print(f"[{self._last - self._start:5.1f} s] {text}", flush=True)

    def now_and_then(self, text: str) -> None:
        """A line unless one was shown in the last seconds."""
        if time.monotonic() - self._last > 5:
            self(text)


def export(request: Request, progress: _Progress) -> int:
    """Exports one model; returns the exit code."""
    from .architectures import architecture_of, original_length
    from .checkpoint import Checkpoint

    model = request.model
    checkpoint = Checkpoint.open(model)
    architecture = architecture_of(checkpoint.config)
    progress(f"{architecture.model_type} model in {model}; loading torch and transformers")

    import onnx_ir

    from . import manifest, own, quantise, simplify, trace, weights
    from .publish import Staging

    with Staging(checkpoint, request.out) as staging:
        config = checkpoint.configuration()
        dtype = request.dtype or "float32"
        context = architecture.context_length(config)
        original = original_length(config) or context
        if request.long_context and original >= context:
            raise ExportError(
                f"--long-context: expected a model with rope_type longrope and more positions than it was made with; "
                f"{model} has one way to rotate all of its {context:,}"
            )
        if original < context and not request.long_context:
            progress(
                f"{original:,} positions of {context:,}: the model rotates longer texts by other factors; "
                "--long-context takes those, for every text"
            )
            context = original
        progress(f"tracing {config.num_hidden_layers} layers of width {config.hidden_size}")
        traced = trace.trace(config, architecture, dtype, request.long_context)
        simplify.simplify(traced.graph)
        progress("pointing the weights into the checkpoint")
        stored = weights.StoredWeights(checkpoint, traced)
        ours = own.OwnWeights()
        bits = quantise.BITS.get(request.quantize)
        quantised = quantise.quantise(traced.graph, stored, ours, bits) if bits else []
        weights.point_at_checkpoint(traced.graph, stored, ours)
        converted = len(ours) > 0
        weights.move_large_constants(traced.graph, ours)
        own_file = None
        if len(ours):
            header = ours.place()
            staging.require(len(header) + ours.size)

            def tensors_done(count: int) -> None:
                progress.now_and_then(f"writing {own.FILE}: {count} of {len(ours)} tensors")

            own_file = staging.write(own.FILE, ours.content(header, tensors_done))
        graph = onnx_ir.to_proto(traced.graph).SerializeToString(deterministic=True)
        staging.write(manifest.GRAPH_FILE, graph)
        if request.verify and not _agrees(request, staging, traced, quantised, progress):
            return 1
        progress.now_and_then("computing the digest of the weights")
        content = manifest.manifest(
            checkpoint,
            config,
            architecture,
            traced,
            stored,
            graph,
            own_file,
            base=(request.name, request.revision),
            dtype=dtype,
            weights_dtype=(request.quantize or dtype) if converted else None,
            context_length=context,
        )
        staging.write(manifest.FILE, manifest.encode(content))
        staging.publish()
    nodes = sum(1 for _ in traced.graph.graph)
    size = f"{len(graph):,} bytes, {nodes} nodes"
    rest = f", {own.FILE} ({own_file['bytes']:,} bytes)" if own_file else ""
    progress(f"exported {staging.target}: {manifest.GRAPH_FILE} ({size}){rest} and {manifest.FILE}")
    return 0


def _agrees(request: Request, staging, traced, quantised, progress: _Progress) -> bool:
    """Compares the staged graph with PyTorch and says what was found."""
    progress("comparing ONNX Runtime with PyTorch")
    from . import verify

    head = traced.shared.get(traced.head, (traced.head,))
    dtype = request.dtype or "float32"
    found = verify.findings(
        request.model, staging.directory, dtype, quantised, head, request.long_context, progress.now_and_then
    )
    for finding in found:
        print(finding, flush=True)
    agrees = all(finding.holds for finding in found)
    if not agrees:
        print(f"{request.model}: the exported graph does not agree with PyTorch; nothing was written", file=sys.stderr)
    return agrees


def _request(options: argparse.Namespace, progress: _Progress) -> Request:
    """The request that the arguments make, the model being fetched where they name one on the Hub."""
    model, name, revision = Path(options.model), options.name, options.revision
    if model.is_dir():
        if revision is not None:
            raise ExportError(f"{model}: is a directory; --revision is for a model on the Hub")
    else:
        from . import hub

        if not hub.is_name(options.model):
            raise ExportError(f"{model}: no such directory; expected a Hugging Face model directory")
        progress(f"fetching {options.model} from the Hub")
        model = hub.fetch(options.model, revision, options.quiet, _USER_ENVIRONMENT)
        name, revision = name or options.model, model.name
    return Request(model, options.out, name, revision, options.dtype, options.quantize, not options.no_verify, options.long_context)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    options = _parser().parse_intermixed_args(arguments)
    progress = _Progress(options.quiet)
    try:
        return export(_request(options, progress), progress)
    except (ExportError, OSError) as error:
        print(f"export.py: {error}", file=sys.stderr)
        return 2
