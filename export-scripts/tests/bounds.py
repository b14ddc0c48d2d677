"""The worst differences over all tiny models and given ones, for every type: what the limits rest on.

    python -m tests.bounds [MODEL ...]

This takes minutes; no test runs it.
"""

import sys
import tempfile
from pathlib import Path
from unittest import mock

from preamble_export import tiny, verify

from .running import export

VARIANTS = ((), ("--dtype", "float16"), ("--dtype", "bfloat16"), ("--quantize", "int8"), ("--quantize", "int4"))


def main(models: list[str]) -> int:
    failed = 0
    kept = verify.findings
    worst: dict[str, tuple[float, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        places = {name: Path(folder) / "models" / name for name in tiny.CONFIGURATIONS}
        for name, place in places.items():
            tiny.save(name, place)
        places |= {model: Path(model) for model in models}
        for name, place in places.items():
            for options in VARIANTS:
                seen = []

                def findings(*arguments, into=seen):
                    into.extend(kept(*arguments))
                    return into

                with mock.patch.object(verify, "findings", findings):
                    code, _, err = export(place, Path(folder) / "out", *options)
                failed += code != 0
                print(name, *options, *(f"{finding.found:.1e}" for finding in seen), err.strip(), flush=True)
                for finding in seen:
                    key = f"{' '.join(options)}: {finding.what}"
                    worst[key] = max(worst.get(key, (0.0, "")), (finding.found, name))
    for key, (found, name) in worst.items():
        print(f"{key}: {found:.1e} ({name})")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
