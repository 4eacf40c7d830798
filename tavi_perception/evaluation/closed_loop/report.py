"""Writes what a study of the closed loop has found: tables for reading, figures, and a report of both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tavi_perception.clinical import DEPTH_TOLERANCE, STENT_TILT_TOLERANCE, TARGET_DEPTH
from tavi_perception.evaluation.closed_loop.outcome import Outcome
from tavi_perception.evaluation.figures.closed_loop import SOURCE, draw_closed_loops
from tavi_perception.output import make_folder, write_text

REPORT = "report.md"

_COUNTS = {
    "placed: released, and the controller takes it for good": "placed",
    f"released within {1e3 * DEPTH_TOLERANCE:g} mm of {1e3 * TARGET_DEPTH:g} mm, tilted by "
    f"{1e3 * STENT_TILT_TOLERANCE:g} mm at most": "within_tolerance",
    "released": "released",
    "taken for good, but still held or out of tolerance by more than 1 mm (false success)": "false_successes",
    "aborted": "aborted",
    "aborted safely: still held, or free and said so": "aborted_safely",
    "not finished": "unfinished",
}
_SPREADS = {
    "true depth error, released, mm": ("depth_error", 2),
    "believed minus true depth, released, mm": ("believed_minus_true", 2),
    "time, s": ("duration", 1),
    "contrast injections": ("injections", 0),
    "contrast medium, ml": ("contrast_ml", 0),
    "holds": ("holds", 0),
    "recaptures": ("recaptures", 0),
}
_FAULTS = ("procedures", "placed", "aborted", "aborted_safely", "false_successes", "breaches")


def tables(figures: dict[str, Any]) -> str:
    """The figures of ``numbers.figures_of`` as Markdown."""
    parts = [_count_table(figures), _spread_table(figures), _sentence(figures)]
    if figures["abort_reasons"]:
        parts.append(_reason_table(figures["abort_reasons"]))
    if figures["faults"]:
        parts.append(_fault_table(figures["faults"]))
    return "\n\n".join(parts)


def write_report(folder: Path, figures: dict[str, Any], outcomes: Sequence[Outcome]) -> None:
    """Write report.md and its figures into ``folder``."""
    make_folder(folder)
    pictures = draw_closed_loops(outcomes, folder)
    model, machine, options = figures["model"], figures["machine"], figures["options"]
    parts = [
        f"# {title(figures)}",
        f"Synthetic: patient, robot, staff and faults are simulated. Seeds from {figures['first_seed']} "
        f"({figures['seeds']}), {options['frame_rate']:g} frames/s, {options['size']} px, images "
        f"{1e3 * options['latency']:g} ms old when the controller learns of them. Depth is judged by the "
        "simulator's truth, in the image plane, after the end.",
        tables(figures),
        *(f"![{name}]({file.name})" for name, file in pictures.items()),
        f"TAVIPILOT and by hand: {SOURCE}; three experts, 60 procedures an arm. Ours are simulated: side by "
        "side they give an idea of the size, and are no comparison.",
        f"Model {model['name']} {model['version']}, SHA-256 {model['sha256']}; simulator "
        f"{figures['simulator']}; {machine['processor']}, {machine['cores']} cores, {machine['system']}.",
    ]
    write_text(folder / REPORT, "\n\n".join(parts) + "\n")


def title(figures: dict[str, Any]) -> str:
    """What was studied, in words."""
    faults = "one fault each" if figures["faulty"] else "no faults"
    model = figures["model"]
    return (
        f"Closed loop, {figures['perception']} perception with {model['name']} {model['version']}: "
        f"{figures['procedures']} simulated procedures, {faults}"
    )


def _count_table(figures: dict[str, Any]) -> str:
    total = figures["procedures"]
    rows = ["| procedures | of " + str(total) + " | % |", "|---|---:|---:|"]
    rows += [
        f"| {name} | {figures[key]} | {100.0 * figures[key] / total:.1f} |" for name, key in _COUNTS.items()
    ]
    return "\n".join(rows)


def _spread_table(figures: dict[str, Any]) -> str:
    rows = ["| | mean | median | 95 % | largest |", "|---|---:|---:|---:|---:|"]
    for name, (key, digits) in _SPREADS.items():
        found = figures[key]
        mean = f"{found['mean']:+.{digits}f}" if math.isfinite(found.get("mean", math.nan)) else ""
        cells = [_number(found[which], digits) for which in ("median", "p95", "max")]
        rows.append(f"| {name} | {mean} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n\nMeans of errors are signed, all else is of their sizes."


def _sentence(figures: dict[str, Any]) -> str:
    breaches = figures["breaches"]
    listed = ", ".join(f"{count} {kind}" for kind, count in breaches.items()) or "none"
    released = (
        f"Of the released valves {_percent(figures['depth_beyond_1_mm'])} are off by more than 1 mm, "
        f"{_percent(figures['depth_beyond_2_mm'])} by more than 2 mm, and "
        f"{_percent(figures['tilt_within'])} are tilted by {1e3 * STENT_TILT_TOLERANCE:g} mm at most."
        if figures["released"]
        else "No valve was released."
    )
    return (
        f"{released} {_percent(figures['valid'])} of the deviations are valid. Motions without leave, in "
        f"{figures['moving']} commands that move and {figures['commands']} in all: {listed}."
    )


def _reason_table(reasons: dict[str, int]) -> str:
    rows = ["| aborted because | procedures |", "|---|---:|"]
    return "\n".join(rows + [f"| {reason} | {count} |" for reason, count in reasons.items()])


def _fault_table(faults: dict[str, dict[str, Any]]) -> str:
    rows = [
        "| fault | n | placed | aborted | of them safely | false successes | breaches "
        "| median depth error mm | typically ends with |",
        "|---" + "|---:" * 7 + "|---|",
    ]
    for kind, row in faults.items():
        counts = " | ".join(str(row[name]) for name in _FAULTS)
        rows.append(
            f"| {kind} | {counts} | {_number(row['depth_error_median'], 2)} | {row['typically']} "
            f"({_percent(row['typical_share'])}) |"
        )
    return "\n".join(rows)


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def _percent(share: float) -> str:
    return f"{share:.1%}" if math.isfinite(share) else "–"
