"""Pins every package of the environments, also the indirect ones: python3 environment/pin.py

Reads requirements/*.in, asks pip on each supported Python what it would install, and writes
requirements/*.txt. A package whose version depends on Python gets one line for each.
Needs python3.10 to python3.13 on the PATH.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
ENVIRONMENTS = (("runtime", "colcon", "ros", "development"), ("training",), ("training-gpu",), ("fuzzing",))
"""Files that are installed into one environment, in order: each holds only what the ones before it lack."""

Pins = dict[str, str]


def main() -> None:
    for names in ENVIRONMENTS:
        with ThreadPoolExecutor(max_workers=2) as pool:
            pins = dict(zip(PYTHONS, pool.map(partial(_resolve, names), PYTHONS), strict=True))
        for name in names:
            (REQUIREMENTS / f"{name}.txt").write_text(_merge({p: pins[p][name] for p in PYTHONS}))


def _resolve(names: tuple[str, ...], python: str) -> dict[str, Pins]:
    """Version of each package that this Python gets, for each file in order."""
    result: dict[str, Pins] = {}
    known: Pins = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([f"python{python}", "-m", "venv", folder], check=True)
        pip = [f"{folder}/bin/python", "-m", "pip", "--quiet"]
        subprocess.run([*pip, "install", "--upgrade", "pip"], check=True)
        for index, name in enumerate(names):
            files = [f"-r{REQUIREMENTS / other}.in" for other in names[: index + 1]]
            report = Path(folder) / "report.json"
            constraints = Path(folder) / "constraints.txt"
            constraints.write_text("".join(f"{key}=={version}\n" for key, version in known.items()))
            options = ["--dry-run", "--ignore-installed", f"--report={report}"]
            subprocess.run([*pip, "install", *options, f"-c{constraints}", *files], check=True)
            found = {
                item["metadata"]["name"].lower().replace("_", "-"): item["metadata"]["version"]
                for item in json.loads(report.read_text())["install"]
            }
            result[name] = {key: version for key, version in found.items() if key not in known}
            known |= found
    return result


def _merge(pins: dict[str, Pins]) -> str:
    """Lines of one requirements file out of the pins of each Python."""
    lines = ["# Written by environment/pin.py. Do not edit."]
    for name in sorted({name for found in pins.values() for name in found}):
        pythons = defaultdict(list)
        for python, found in pins.items():
            if name in found:
                pythons[found[name]].append(python)
        for version, versions in pythons.items():
            marker = " or ".join(f'python_version == "{python}"' for python in versions)
            lines.append(f"{name}=={version}" + ("" if len(versions) == len(PYTHONS) else f"; {marker}"))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
