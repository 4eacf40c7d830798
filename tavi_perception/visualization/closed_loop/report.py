"""report.html and summary.json of a procedure in which a controller moved the robot, from its bag alone."""

from __future__ import annotations

from pathlib import Path

from tavi_perception.audit.verdict import Verdict, verdict_of


def write_procedure_report(bag: Path, out: Path) -> Verdict:
    """Writes ``out``/report.html and ``out``/summary.json; returns the verdict with which both begin.

    Raises:
        BagError: the bag cannot be read, or holds no procedure of a controller.
        OutputError: the folder cannot be written.
    """
    return verdict_of(bag)
