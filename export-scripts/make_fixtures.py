#!/usr/bin/env python3
"""Makes the models under ``test-fixtures/`` from their originals.

    make_fixtures.py [SOURCE_MODELS_DIR]

tiny-gpt2 is random and needs no source; without a directory it is made alone. The sources of the
others are ``SOURCE_MODELS_DIR/stories15M/hf`` and ``stories260K/hf``, both Hugging Face directories
of the models in karpathy/llama2.c. stories15M is stored in half precision, which halves its size;
stories260K stays as it is. All are then exported in place.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import tiny_gpt2
from preamble_export.cli import main as export

FIXTURES = Path(__file__).resolve().parent.parent / "test-fixtures"
FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def halve(directory: Path) -> None:
    """Stores a model's weights as float16 and says so in its configuration."""
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(directory / "model.safetensors")
    halved = {name: tensor.to(torch.float16) for name, tensor in weights.items()}
    save_file(halved, directory / "model.safetensors", metadata={"format": "pt"})
    (directory / "model.safetensors").chmod(0o644)
    path = directory / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["torch_dtype"] = "float16"
    path.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def make(name: str, source: Path, half: bool) -> int:
    """Copies a model, exports it and puts it in its place; returns the exporter's exit code."""

    def fill(directory: Path) -> None:
        for file in FILES:
            shutil.copyfile(source / file, directory / file)
        if half:
            halve(directory)

    return exported(name, fill)


def exported(name: str, fill: Callable[[Path], None]) -> int:
    """Exports what ``fill`` puts into an empty folder, replacing the fixture that is there."""
    FIXTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FIXTURES, prefix=".") as staging:
        directory = Path(staging) / name
        directory.mkdir()
        fill(directory)
        code = export([str(directory), "--name", name])
        if code == 0:
            shutil.rmtree(FIXTURES / name, ignore_errors=True)
            directory.rename(FIXTURES / name)
        return code


def tiny(directory: Path) -> None:
    """The tiny GPT-2 with PyTorch's answers."""
    tiny_gpt2.save(directory)
    tiny_gpt2.expect(directory)


def main() -> int:
    if len(sys.argv) > 2:
        print(__doc__, file=sys.stderr)
        return 2
    codes = [exported("tiny-gpt2", tiny)]
    if len(sys.argv) == 1:
        return codes[0]
    sources = Path(sys.argv[1])
    codes += [make(name, sources / name / "hf", half) for name, half in (("stories15M", True), ("stories260K", False))]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
