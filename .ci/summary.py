"""Prints what test reports say: the slowest tests, the figures (lines that begin with "[law N]" or
"[speed]"), and the table that lines "[parity] ARCHITECTURE METHOD DIFFERENCE" make."""

import sys
from pathlib import Path
from xml.etree import ElementTree

cases, figures, parity = [], set(), {}
for folder in sys.argv[1:]:
    for report in sorted(Path(folder).glob("TEST-*.xml")):
        suite = ElementTree.parse(report).getroot()
        for case in suite.iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            cases.append((float(case.get("time", "0").replace(",", "")), name))
        for output in suite.iter("system-out"):
            for line in (output.text or "").splitlines():
                words = line.split()
                if line.startswith(("[law ", "[speed]")):
                    figures.add(line)
                elif line.startswith("[parity] ") and len(words) == 4:
                    parity.setdefault(words[2], {})[words[1]] = float(words[3])

print(f"\nSlowest of {len(cases)} tests:")
for seconds, name in sorted(cases, reverse=True)[:15]:
    print(f"{seconds:8.1f} s  {name}")
if figures:
    print("\nFigures:")
    print("\n".join(sorted(figures)))
if parity:
    architectures = sorted({name for row in parity.values() for name in row})
    width = max(10, *(len(name) for name in architectures))
    print("\nWorst difference of a logit from PyTorch and PEFT, method by architecture:")
    print(f"{'':<18}" + "".join(f"{name:>{width + 1}}" for name in architectures))
    for method, row in sorted(parity.items()):
        cells = (f"{row[name]:.1e}" if name in row else "-" for name in architectures)
        print(f"{method:<18}" + "".join(f"{cell:>{width + 1}}" for cell in cells))
    worst = max(value for row in parity.values() for value in row.values())
    print(f"{'worst':<18}{worst:>{width + 1}.1e}")
