"""The supported architectures: one entry each, with what tracing and the manifest must know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .errors import ExportError

# Rotary embeddings whose inverse frequencies do not depend on the input, or (longrope) take one of
# two values, of which an exported model has one. The others change them with the length.
_ROTARY = ("default", "linear", "llama3", "yarn", "longrope")


@dataclass(frozen=True)
class Architecture:
    """What an exporter must know of a transformers model class beyond its configuration.

    ``model_type`` is the one in ``config.json``; ``norms`` names the module classes that compute
    ``(weight + norm_offset) * x / rms(x)``; ``context_length`` gives how many positions the model
    was made for.
    """

    model_type: str
    norms: tuple[str, ...] = ()
    norm_offset: float = 0.0
    context_length: Callable[[object], int] = lambda config: config.max_position_embeddings


def _bloom_context(config) -> int:
    """ALiBi sets no limit; a checkpoint may name the length that it was trained with."""
    return getattr(config, "seq_length", None) or 2048


def original_length(config) -> int | None:
    """Positions beyond which a longrope model rotates all of a text by its long factors; None for other models.

    A key that was kept from before that point would have been rotated by the short ones, so an
    exported model rotates by one kind alone: by the short factors and has so many positions, or by
    the long factors and has all.
    """
    rope = getattr(config, "rope_parameters", None) or {}
    return rope["original_max_position_embeddings"] if rope.get("rope_type") == "longrope" else None


SUPPORTED = {
    a.model_type: a
    for a in (
        Architecture("llama", norms=("LlamaRMSNorm",)),
        Architecture("mistral", norms=("MistralRMSNorm",)),
        Architecture("qwen2", norms=("Qwen2RMSNorm",)),
        Architecture("qwen3", norms=("Qwen3RMSNorm",)),
        Architecture("smollm3", norms=("SmolLM3RMSNorm",)),
        Architecture("phi3", norms=("Phi3RMSNorm",)),
        Architecture("gemma2", norms=("Gemma2RMSNorm",), norm_offset=1.0),
        Architecture("gemma3_text", norms=("Gemma3RMSNorm",), norm_offset=1.0),
        Architecture("gpt2"),
        Architecture("opt"),
        Architecture("gpt_neox"),
        Architecture("bloom", context_length=_bloom_context),
    )
}


def architecture_of(config: dict) -> Architecture:
    """The entry for a ``config.json``, or an error that names the supported ones."""
    model_type = config.get("model_type")
    if model_type not in SUPPORTED:
        raise ExportError(
            f"unsupported architecture: config.json says model_type {model_type!r}; "
            f"supported: {', '.join(sorted(SUPPORTED))}"
        )
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    nested = [value for value in rope.values() if isinstance(value, dict)]
    for parameters in nested or [rope]:
        rope_type = parameters.get("rope_type", parameters.get("type", "default"))
        if rope_type not in _ROTARY:
            raise ExportError(
                f"unsupported rotary embedding: config.json says rope_type {rope_type!r}; "
                f"supported: {', '.join(_ROTARY)}"
            )
    if "quantization_config" in config:
        raise ExportError(
            "the checkpoint is quantised (config.json has quantization_config); export the unquantised one"
        )
    return SUPPORTED[model_type]
