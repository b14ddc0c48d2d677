"""The supported architectures: one entry each, with what tracing and the manifest must know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .errors import ExportError

# Rotary embeddings whose inverse frequencies do not depend on the length of the input.
STATIC_ROTARY = ("default", "linear", "llama3", "yarn")


@dataclass(frozen=True)
class Architecture:
    """What an exporter must know of a transformers model class beyond its configuration.

    ``model_type`` is the one in ``config.json``; ``norms`` names the module classes that compute
    ``weight * x / rms(x)``; ``embedding_scale`` gives the factor that the embedding module applies
    to token rows; ``window`` gives a layer's sliding window, ``None`` where it sees everything.
    """

    model_type: str
    norms: tuple[str, ...] = ()
    embedding_scale: Callable[[object], float] = lambda config: 1.0
    window: Callable[[object, int], int | None] = lambda config, layer: None


SUPPORTED = {a.model_type: a for a in (Architecture("llama", norms=("LlamaRMSNorm",)),)}


def architecture_of(config: dict) -> Architecture:
    """The entry for a ``config.json``, or an error that names the supported ones."""
    model_type = config.get("model_type")
    if model_type not in SUPPORTED:
        raise ExportError(
            f"unsupported architecture: config.json says model_type {model_type!r}; "
            f"supported: {', '.join(sorted(SUPPORTED))}"
        )
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    rope_type = rope.get("rope_type", rope.get("type", "default"))
    if rope_type not in STATIC_ROTARY:
        raise ExportError(
            f"unsupported rotary embedding: config.json says rope_type {rope_type!r}; "
            f"supported: {', '.join(STATIC_ROTARY)}"
        )
    if "quantization_config" in config:
        raise ExportError(
            "the checkpoint is quantised (config.json has quantization_config); export the unquantised one"
        )
    return SUPPORTED[model_type]
