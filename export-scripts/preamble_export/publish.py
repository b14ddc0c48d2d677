"""Puts an exported model in its place: whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .checkpoint import Checkpoint
from .errors import ExportError
from .own import FILE as OWN_WEIGHTS

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
            self._published = [checkpoint.directory / file for file in _files(checkpoint)]
        parent = self.target if in_place else self.target.parent
        self._made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
        try:
            parent.mkdir(parents=True, exist_ok=True)
            self.directory = Path(tempfile.mkdtemp(prefix=".preamble-", dir=parent))
        except OSError as error:
            self._unmake()
            raise ExportError(
                f"{self.target}: cannot be written ({error.strerror}); name another OUT, or free the way to this one"
            ) from error
        self._links = [checkpoint.directory / file for file in checkpoint.weight_files] if in_place else []

    def __enter__(self) -> Staging:
        try:
            for source in (*self._published, *self._links):
                _link(source, self.directory / source.name)
        except BaseException as error:
            self.__exit__()
            raise _explained(error, self.target) from error
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory, ignore_errors=True)
        self._unmake()

    def _unmake(self) -> None:
        """Removes the folders above the target that were made for it, unless something is in them."""
        for folder in self._made:
            try:
                folder.rmdir()
            except OSError:
                return

    def write(self, file: str, content: bytes | Iterable[bytes]) -> dict:
        """Writes a file and waits until it is on the disk; gives name, size and SHA-256."""
        path, digest, size = self.directory / file, hashlib.sha256(), 0
        try:
            with open(path, "wb") as stream:
                for part in [content] if isinstance(content, bytes) else content:
                    stream.write(part)
                    digest.update(part)
                    size += len(part)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise _explained(error, self.target) from error
        self._published.append(path)
        return {"file": file, "bytes": size, "sha256": digest.hexdigest()}

    def require(self, size: int) -> None:
        """Refuses what will not fit on the disk before it is made."""
        free = shutil.disk_usage(self.directory).free
        if size > free:
            raise ExportError(
                f"{self.target}: {size:,} bytes are needed there and {free:,} are free; free some, or name another OUT"
            )

    def publish(self) -> None:
        """Moves the files to the target in the order in which they came, the manifest last.

        What an earlier export left and this one does not have goes once the manifest does not name
        it any more.
        """
        self.target.mkdir(exist_ok=True)
        for path in self._published:
            os.replace(self.directory / path.name, self.target / path.name)
        if OWN_WEIGHTS not in {path.name for path in self._published}:
            (self.target / OWN_WEIGHTS).unlink(missing_ok=True)
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
        shutil.copyfile(source, target)


def _explained(error: BaseException, target: Path) -> BaseException:
    """A full disk as what a user is meant to read; any other error as it is."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ExportError(f"{target}: no space is left there ({error.strerror}); free some, or name another OUT")
    return error
