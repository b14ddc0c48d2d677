"""MKL's fast path on AMD processors.

PyTorch's wheel multiplies matrices with MKL, which asks ``mkl_serv_intel_cpu_true`` and leaves
AVX-512 unused when the answer is no: half the speed on the processors that have it. A fair
comparison preloads a library that says yes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_SOURCE = "int mkl_serv_intel_cpu_true(void) { return 1; }\n"
_NAME = "libpreamble_mkl_fast_path.so"
_STOCK = "PREAMBLE_ORACLE_STOCK_BLAS"


def _vendor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split(":")[1].strip() for line in lines if line.startswith("vendor_id")), "")


def stock_is_fast() -> bool:
    """True where MKL runs at full speed as it is: on Intel."""
    return _vendor() == "GenuineIntel"


def stock_environment() -> dict[str, str]:
    """The environment of an oracle that runs PyTorch as its wheel leaves it."""
    kept = [each for each in os.environ.get("LD_PRELOAD", "").split(":") if each and not each.endswith(_NAME)]
    return {**os.environ, _STOCK: "1", "LD_PRELOAD": ":".join(kept)}


def is_fast() -> bool:
    """True where MKL runs at full speed: as it is, or with the library loaded."""
    if stock_is_fast():
        return True
    maps = Path("/proc/self/maps")
    return maps.exists() and _NAME in maps.read_text()


def enter_fast_path() -> None:
    """On AMD under Linux, starts this process again with the library preloaded.

    Without a C compiler the process goes on as it is; ``hello`` tells which.
    """
    if _vendor() != "AuthenticAMD" or is_fast() or os.environ.get(_STOCK):
        return
    library = _library()
    if library is None:
        print("oracle: no C compiler; matrix products take MKL's slow path", file=sys.stderr)
        return
    preload = ":".join(filter(None, [str(library), os.environ.get("LD_PRELOAD")]))
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, "LD_PRELOAD": preload})


def _library() -> Path | None:
    """The compiled library in the user's cache folder, made on first use."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "preamble"
    library = cache / _NAME
    if library.exists():
        return library
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        source, built = Path(folder, "fast_path.c"), Path(folder, _NAME)
        source.write_text(_SOURCE)
        done = subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", built, source], stdout=sys.stderr)
        if done.returncode != 0:
            return None
        os.replace(built, library)
    return library
