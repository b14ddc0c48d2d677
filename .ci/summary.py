"""Prints the slowest tests and the figures (lines that begin with "[law N]") of test reports."""

import sys
from pathlib import Path
from xml.etree import ElementTree

cases, figures = [], []
for folder in sys.argv[1:]:
    for report in sorted(Path(folder).glob("TEST-*.xml")):
        suite = ElementTree.parse(report).getroot()
        for case in suite.iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            cases.append((float(case.get("time", "0").replace(",", "")), name))
        for output in suite.iter("system-out"):
            figures += [line for line in (output.text or "").splitlines() if line.startswith("[law ")]

print(f"\nSlowest of {len(cases)} tests:")
for seconds, name in sorted(cases, reverse=True)[:15]:
    print(f"{seconds:8.1f} s  {name}")
if figures:
    print("\nFigures:")
    print("\n".join(sorted(set(figures))))
