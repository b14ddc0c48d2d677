"""Models that tests run on, made by the exporter."""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path

from preamble_export import cli, tiny


def tiny_models() -> dict:
    """``names`` of the tiny random models that there are."""
    return {"names": list(tiny.CONFIGURATIONS)}


def export_tiny(name: str, out: str, options: list[str]) -> dict:
    """Writes a tiny random model to the directory ``out`` and exports it there, unverified.

    ``options`` are further arguments of ``export.py``.
    """
    shutil.rmtree(out, ignore_errors=True)
    tiny.save(name, Path(out))
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = cli.main([out, "--name", name, "--no-verify", *options])
    if code:
        raise RuntimeError(f"export.py ended with {code}:\n{said.getvalue()}")
    return {}
