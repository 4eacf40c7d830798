"""The figures of folds as Markdown tables, beside the published ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tavi_perception.evaluation.published import NETWORK
from tavi_perception.evaluation.tables import number

_COLUMNS = (
    ("median_px_640", 1),
    ("mean_px_640", 1),
    ("median_px_1000", 1),
    ("mean_px_1000", 1),
    ("median_mm_detector", 2),
    ("mean_mm_detector", 2),
    ("median_mm_patient", 2),
    ("mean_mm_patient", 2),
)
_UNITS = "px of 640 | px of 1000 | mm, detector | mm, patient"


def fold_text(figures: Mapping[str, Any]) -> str:
    """What ``fold_figures`` gives: folds, landmarks, annulus, patients, and the published table."""
    together = figures["together"]
    named = {**figures["folds"], "together": together}
    parts = [
        "Each cell: median, mean of the visible points, reported or not.",
        _table("fold", named, points=True),
        _table("landmark", together["landmarks"]),
        _annulus(named),
        *(
            _table(f"{fold}: patient", part["patients"], points=True)
            for fold, part in figures["folds"].items()
        ),
        _published(figures["published"]),
    ]
    return "\n\n".join(parts)


def _table(first: str, rows: Mapping[str, Mapping[str, Any]], points: bool = False) -> str:
    more = " | ≤ 10 px of 640, % | reported, %" if points else ""
    lines = [f"| {first} | points | {_UNITS}{more} |", "|---" * (8 if points else 6) + "|"]
    for name, row in rows.items():
        extra = ""
        if points:
            extra = f" | {number(row['pck_10_px_640_percent'], 1)} | {number(row['reported_percent'], 1)}"
        lines.append(f"| {name} | {row['points']} | {_pairs(row)}{extra} |")
    return "\n".join(lines)


def _pairs(row: Mapping[str, Any]) -> str:
    values = [number(row[key], digits) for key, digits in _COLUMNS]
    return " | ".join(
        f"{a}, {b}" if a != "–" else "–" for a, b in zip(values[::2], values[1::2], strict=True)
    )


def _annulus(rows: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        "| annulus | frames | angle, degrees | midpoint, px of 640 | midpoint, mm, detector "
        "| midpoint, mm, patient |",
        "|---" * 6 + "|",
    ]
    for name, row in rows.items():
        found = row["annulus"]
        cells = [
            _pair(found, "angle_deg", 1),
            *(
                _pair(found, f"midpoint_{u}", n)
                for u, n in (("px_640", 1), ("mm_detector", 2), ("mm_patient", 2))
            ),
        ]
        lines.append(f"| {name} | {found['frames']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _pair(found: Mapping[str, float], key: str, digits: int) -> str:
    middle, mean = (number(found[f"{which}_{key}"], digits) for which in ("median", "mean"))
    return middle if middle == "–" else f"{middle}, {mean}"


def _published(rows: list[dict[str, Any]]) -> str:
    lines = [f"| figure | of | this model | {NETWORK} |", "|---" * 4 + "|"]
    for row in rows:
        ours, theirs = (
            number(row[name], 2)
            + (f" ± {number(row[f'{name}_std'], 2)}" if _known(row[f"{name}_std"]) else "")
            for name in ("ours", NETWORK)
        )
        lines.append(f"| {row['figure']} | {row['of']} | {ours} | {theirs} |")
    return "\n".join(lines)


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
