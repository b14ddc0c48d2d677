"""Running the exporter in a test's process, or several times in one of its own.

    python -m tests.running MODELS OUT NAME ...

exports each ``MODELS/NAME`` to ``OUT/NAME`` unverified.
"""

import contextlib
import io
import sys
from pathlib import Path

from preamble_export import cli

SCRIPTS = Path(__file__).resolve().parents[1]
FIXTURES = SCRIPTS.parent / "test-fixtures"


def export(*arguments) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a run."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = cli.main([str(argument) for argument in arguments])
    return code, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    models, target, *names = sys.argv[1:]
    sys.exit(max(cli.main([f"{models}/{name}", f"{target}/{name}", "--name", name, "--no-verify"]) for name in names))
