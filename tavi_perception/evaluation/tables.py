"""The figures of an evaluation as Markdown tables."""

from __future__ import annotations

import math
from typing import Any

_PLACES = "median px | mean px | 95 % px | ≤ 5 px | ≤ 10 px"
_PX = ("median_px", "mean_px", "p95_px")
_SHARES = ("pck_5", "pck_10")
_PRESENCE = ("precision", "recall", "f1")
_COVERAGE = ("within_1_sigma_axis", "within_2_sigma_axis")


def landmark_table(figures: dict[str, Any]) -> str:
    """A row a landmark and one for all; the F1 of all is the mean over landmarks (macro)."""
    rows = [
        f"| landmark | visible | {_PLACES} | precision | recall | F1 | in 1 σ | in 2 σ |",
        "|---" * 12 + "|",
    ]
    for name, row in figures["landmarks"].items():
        rows.append(
            f"| {name} | {row['visible']} | {_places(row)} | {_cells(row, _PRESENCE, 3)} | {_coverage(row)} |"
        )
    count = sum(row["visible"] for row in figures["landmarks"].values())
    macro = number(figures["macro_f1"], 3)
    rows.append(f"| all | {count} | {_places(figures)} | | | {macro} | {_coverage(figures)} |")
    return "\n".join(rows)


def stage_table(figures: dict[str, Any]) -> str:
    """A row a stage."""
    rows = [
        f"| stage | frames | visible | {_PLACES} | macro F1 | in 1 σ | in 2 σ |",
        "|---" * 11 + "|",
    ]
    for stage, row in figures["stages"].items():
        rows.append(
            f"| {stage} | {row['frames']} | {row['visible']} | {_places(row)} | {number(row['macro_f1'], 3)} "
            f"| {_coverage(row)} |"
        )
    return "\n".join(rows)


def reported_table(figures: dict[str, Any]) -> str:
    """Errors of the points that were reported present, a row a landmark and one for all."""
    rows = ["| landmark | median px | mean px | 95 % px |", "|---" * 4 + "|"]
    keys = tuple(f"reported_{key}" for key in _PX)
    for name, row in [*figures["landmarks"].items(), ("all", figures)]:
        rows.append(f"| {name} | {_cells(row, keys, 1)} |")
    return "\n".join(rows)


def headline(figures: dict[str, Any]) -> str:
    """The headline figures in two lines."""
    return (
        f"error of visible points: median {figures['median_px']:.1f} px, mean {figures['mean_px']:.1f} px, "
        f"95 % {figures['p95_px']:.1f} px of 1000; {figures['pck_5']:.1%} within 5 px, "
        f"{figures['pck_10']:.1%} within 10 px\n"
        f"presence: macro F1 {number(figures['macro_f1'], 3)}, micro F1 {number(figures['micro_f1'], 3)}, "
        f"{figures['presence_accuracy']:.1%} of decisions right; "
        f"{figures['within_1_sigma_axis']:.1%} of x and y within 1 stated σ, "
        f"{figures['within_2_sigma_axis']:.1%} within 2"
    )


def number(value: float | None, digits: int) -> str:
    """So rounded; a dash for what is unknown (NaN, or None as JSON has it)."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def _places(row: dict[str, Any]) -> str:
    return f"{_cells(row, _PX, 1)} | {_cells(row, _SHARES, 2)}"


def _coverage(row: dict[str, Any]) -> str:
    return _cells(row, _COVERAGE, 2)


def _cells(row: dict[str, Any], keys: tuple[str, ...], digits: int) -> str:
    return " | ".join(number(row[key], digits) for key in keys)
