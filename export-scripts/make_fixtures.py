#!/usr/bin/env python3
"""Makes the models under ``test-fixtures/`` from their originals.

    make_fixtures.py SOURCE_MODELS_DIR

The sources are ``SOURCE_MODELS_DIR/stories15M/hf`` and ``stories260K/hf``, both Hugging Face
directories of the models in karpathy/llama2.c. stories15M is stored in half precision, which halves
its size; stories260K stays as it is. Both are then exported in place.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

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
    """Makes one fixture, replacing the one that is there; returns the exporter's exit code."""
    FIXTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FIXTURES, prefix=".") as staging:
        directory = Path(staging) / name
        directory.mkdir()
        for file in FILES:
            shutil.copyfile(source / file, directory / file)
        if half:
            halve(directory)
        code = export([str(directory), "--name", name])
        if code == 0:
            shutil.rmtree(FIXTURES / name, ignore_errors=True)
            directory.rename(FIXTURES / name)
        return code


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    sources = Path(sys.argv[1])
    codes = [make(name, sources / name / "hf", half) for name, half in (("stories15M", True), ("stories260K", False))]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
