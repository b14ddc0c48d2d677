"""A Hugging Face model directory as it lies on disk: config, weight files, special tokens."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .errors import ExportError

_HEADER_LIMIT = 100_000_000
_BITS = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U8": 8, "BOOL": 8}
DTYPE_NAMES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}


@dataclass(frozen=True)
class StoredTensor:
    """A tensor's place: ``length`` bytes at ``offset`` from the start of ``file``."""

    file: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    length: int


@dataclass(frozen=True)
class Checkpoint:
    """A directory with ``config.json`` and safetensors weights, single or sharded."""

    directory: Path

    @staticmethod
    def open(directory: Path) -> Checkpoint:
        """Checks that the needed files are there; reads no weights."""
        if not directory.is_dir():
            raise ExportError(f"{directory}: no such directory; expected a Hugging Face model directory")
        checkpoint = Checkpoint(directory)
        for file in ("config.json", *checkpoint.weight_files):
            if not (directory / file).is_file():
                raise ExportError(f"{directory}: {file} is missing; download the model completely")
        return checkpoint

    @cached_property
    def config(self) -> dict:
        """``config.json`` as it is written."""
        return self._json("config.json")

    def configuration(self):
        """``config.json`` as transformers understands it."""
        from transformers import AutoConfig

        try:
            return AutoConfig.from_pretrained(self.directory, local_files_only=True)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise ExportError(f"{self.directory / 'config.json'}: transformers cannot read it ({reason})") from error

    @cached_property
    def weight_files(self) -> tuple[str, ...]:
        """The safetensors files, sorted; several if ``model.safetensors.index.json`` says so."""
        if (self.directory / "model.safetensors").exists():
            return ("model.safetensors",)
        if not (self.directory / "model.safetensors.index.json").exists():
            raise ExportError(
                f"{self.directory}: neither model.safetensors nor model.safetensors.index.json is there; "
                "weights must be stored as safetensors (load the model in transformers and save_pretrained it)"
            )
        weight_map = self._json("model.safetensors.index.json").get("weight_map")
        if not isinstance(weight_map, dict) or not weight_map:
            raise ExportError(f"{self.directory}/model.safetensors.index.json: no weight_map in it")
        for file in weight_map.values():
            if file != Path(file).name:
                raise ExportError(f"{self.directory}/model.safetensors.index.json: {file!r} is no plain file name")
        return tuple(sorted(set(weight_map.values())))

    @cached_property
    def tensors(self) -> dict[str, StoredTensor]:
        """Every stored tensor by name."""
        return {t.name: t for file in self.weight_files for t in self._header(file)}

    @cached_property
    def file_digests(self) -> dict[str, str]:
        """SHA-256 of each weight file."""
        digests = {}
        for file in self.weight_files:
            with open(self.directory / file, "rb") as stream:
                digests[file] = hashlib.file_digest(stream, "sha256").hexdigest()
        return digests

    @property
    def weights_digest(self) -> str:
        """SHA-256 of the lines ``<sha256>  <file>\\n`` of the weight files in name order."""
        lines = "".join(f"{digest}  {file}\n" for file, digest in sorted(self.file_digests.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def _json(self, file: str) -> dict:
        try:
            content = json.loads((self.directory / file).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ExportError(f"{self.directory / file}: not valid JSON ({error})") from error
        if not isinstance(content, dict):
            raise ExportError(f"{self.directory / file}: expected a JSON object")
        return content

    def optional_json(self, file: str) -> dict:
        """The content of a JSON file, empty when there is none."""
        return self._json(file) if (self.directory / file).is_file() else {}

    def _header(self, file: str) -> list[StoredTensor]:
        path = self.directory / file
        size = path.stat().st_size
        with open(path, "rb") as stream:
            prefix = stream.read(8)
            length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else size
            if length > min(_HEADER_LIMIT, size - 8):
                raise ExportError(f"{path}: not a safetensors file, or cut off")
            try:
                entries = json.loads(stream.read(length))
            except ValueError as error:
                raise ExportError(f"{path}: the safetensors header is not valid JSON") from error
        found = []
        for name, entry in entries.items():
            if name == "__metadata__":
                continue
            begin, end = entry["data_offsets"]
            shape = tuple(entry["shape"])
            if entry["dtype"] in _BITS and (end - begin) * 8 != math.prod(shape) * _BITS[entry["dtype"]]:
                raise ExportError(f"{path}: {name} has {end - begin} bytes, which its shape {shape} does not fill")
            if not 0 <= begin <= end <= size - 8 - length:
                raise ExportError(f"{path}: {name} lies beyond the end of the file; download it again")
            found.append(StoredTensor(file, name, entry["dtype"], shape, 8 + length + begin, end - begin))
        return found
