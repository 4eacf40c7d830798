"""Writes what a Monte Carlo over procedures has found: tables for reading, figures, and a report of both."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from tavi_perception.evaluation.figures.procedures import draw_procedures
from tavi_perception.evaluation.procedures.tracked import Tracked
from tavi_perception.output import make_folder, write_text

REPORT = "report.md"

_COLUMNS = {
    "frames": ("frames", 0),
    "valid %": ("valid", 1),
    "depth median mm": ("depth_mm_median", 2),
    "depth 95 % mm": ("depth_mm_p95", 2),
    "wrong by > 3 mm": ("depth_far", 0),
    "lateral 95 % mm": ("lateral_mm_p95", 2),
    "angle 95 % °": ("angle_deg_p95", 1),
    "in 1 σ %": ("within_1_sigma", 1),
    "in 2 σ %": ("within_2_sigma", 1),
}
_SHARES = ("valid", "within_1_sigma", "within_2_sigma")


def tables(figures: dict[str, Any]) -> str:
    """The figures of ``numbers.figures_of`` as Markdown."""
    rows = ["| of valid deviations | " + " | ".join(_COLUMNS) + " |", "|---" * (len(_COLUMNS) + 1) + "|"]
    rows.append(_row("all", figures))
    for title, group in (("contrast", "contrast"), ("", "stages"), ("since contrast", "ages")):
        rows += [_row(f"{title} {name}".strip(), row) for name, row in figures[group].items()]
    parts = [
        "\n".join(rows),
        f"Stage right in {figures['stage_right']:.1%} of frames outside 0.5 s around a change; extraction "
        f"right to 0.05 in {figures['extraction_right']:.1%}; jitter {figures['jitter_mm']:.3f} mm, lag "
        f"{figures['lag_frames']:.2f} frames (medians over procedures).",
        _outages(figures),
        _why_table(figures),
    ]
    if figures["far"]:
        parts.append(_far_table(figures["far"]))
    return "\n\n".join(parts)


def write_report(folder: Path, figures: dict[str, Any], frames: Tracked) -> None:
    """Write report.md and its figures into ``folder``."""
    make_folder(folder)
    pictures = draw_procedures(frames, folder)
    model, machine = figures["model"], figures["machine"]
    course = figures["course"]
    parts = [
        f"# {model['name']} {model['version']} over {figures['procedures']} simulated procedures",
        f"Synthetic. Seeds from {figures['first_seed']} ({figures['seeds']}), {course['duration']:g} s at "
        f"{course['frame_rate']:g} frames/s, {course['size']} px; judged from the first frame that shows "
        "both hinge points to the release. Errors are estimate minus truth.",
        tables(figures),
        *(f"![{title}]({file.name})" for title, file in pictures.items()),
        f"Model SHA-256 {model['sha256']}; simulator {figures['simulator']}; {machine['processor']}, "
        f"{machine['cores']} cores, {machine['system']}.",
    ]
    write_text(folder / REPORT, "\n\n".join(parts) + "\n")


def _row(name: str, row: dict[str, Any]) -> str:
    return f"| {name} | " + " | ".join(_cell(row, *column) for column in _COLUMNS.values()) + " |"


def _cell(row: dict[str, Any], key: str, digits: int) -> str:
    value = row[key] * (100.0 if key in _SHARES else 1.0)
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def _outages(figures: dict[str, Any]) -> str:
    if not figures["outages"]:
        return "No outage: every judged frame is valid."
    return (
        f"{figures['outages']} outages, runs of frames that are not valid: median "
        f"{figures['outage_s_median']:.2f} s, 95 % {figures['outage_s_p95']:.2f} s, longest "
        f"{figures['outage_s_longest']:.1f} s."
    )


def _why_table(figures: dict[str, Any]) -> str:
    """Reasons, the most frequent first, each with its rules."""
    if not figures["not_valid"]:
        return "Nothing kept a frame from being valid."
    rows = ["| kept from being valid | frames | share | by this rule alone |", "|---" * 4 + "|"]
    for reason, share in figures["not_valid"].items():
        rows.append(f"| {reason} | {round(share * figures['frames'])} | {share:.1%} | |")
        for row in figures["not_valid_rules"]:
            if row["reason"] == reason:
                part = row["frames"] / figures["frames"]
                rows.append(f"| – {row['rule']} | {row['frames']} | {part:.1%} | {row['alone']} |")
    return "\n".join(rows)


def _far_table(far: list[dict[str, Any]]) -> str:
    rows = [
        "| seed | valid but wrong by > 3 mm | worst mm | stated σ mm | at s | since contrast s | stage |",
        "|---" * 7 + "|",
    ]
    for row in far:
        rows.append(
            f"| {row['seed']} | {row['frames']} | {row['worst_mm']:+.1f} | {row['stated_sigma_mm']:.2f} "
            f"| {row['at_s']:.1f} | {row['contrast_age_s']:.1f} | {row['stage']} |"
        )
    return "\n".join(rows)
