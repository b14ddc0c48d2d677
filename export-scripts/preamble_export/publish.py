"""Puts an exported model in its place: whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from .checkpoint import Checkpoint
from .errors import ExportError

_COMPANIONS = (".json", ".jinja", ".model", ".txt", ".md")
_NOTICES = ("LICENSE", "LICENCE", "NOTICE")


class Staging:
    """A folder beside the target in which a model takes shape, weights included.

    Use as a context manager: :meth:`publish` moves everything to the target, leaving without it
    removes everything. With ``out`` the checkpoint's files are hard-linked, or copied where that
    fails; without it the target is the checkpoint's own directory.
    """

    def __init__(self, checkpoint: Checkpoint, out: Path | None):
        in_place = out is None or (out.exists() and out.samefile(checkpoint.directory))
        self.target = checkpoint.directory if in_place else out
        self._published: list[Path] = []
        if self.target.exists() and not self.target.is_dir():
            raise ExportError(f"{self.target}: is a file; expected a directory, or a name that is free")
        if not in_place:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._published = [checkpoint.directory / file for file in _files(checkpoint)]
        parent = self.target if in_place else self.target.parent
        self.directory = Path(tempfile.mkdtemp(prefix=".preamble-", dir=parent))
        self._links = [checkpoint.directory / file for file in checkpoint.weight_files] if in_place else []

    def __enter__(self) -> Staging:
        try:
            for source in (*self._published, *self._links):
                _link(source, self.directory / source.name)
        except BaseException:
            shutil.rmtree(self.directory)
            raise
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory, ignore_errors=True)

    def write(self, file: str, content: bytes) -> None:
        """Writes a file and waits until it is on the disk."""
        path = self.directory / file
        with open(path, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        self._published.append(path)

    def publish(self) -> None:
        """Moves the files to the target in the order in which they came, the manifest last."""
        self.target.mkdir(exist_ok=True)
        for path in self._published:
            os.replace(self.directory / path.name, self.target / path.name)
        descriptor = os.open(self.target, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _files(checkpoint: Checkpoint) -> list[str]:
    """What makes up a model directory: weights, configuration, tokenizer, licence."""
    weights = set(checkpoint.weight_files)
    return sorted(
        path.name
        for path in checkpoint.directory.iterdir()
        if path.is_file()
        and not path.name.startswith((".", "preamble."))
        and (path.name in weights or path.suffix in _COMPANIONS or path.name.startswith(_NOTICES))
    )


def _link(source: Path, target: Path) -> None:
    source = source.resolve()
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
