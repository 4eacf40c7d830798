"""Writes what an evaluation has found into a folder: report.md and its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tavi_perception.evaluation.figures.frames import draw_evaluation
from tavi_perception.evaluation.judged import Judged
from tavi_perception.evaluation.numbers import ONE_SIGMA_TARGET, TWO_SIGMA_TARGET, calibrated
from tavi_perception.evaluation.tables import headline, landmark_table, reported_table, stage_table
from tavi_perception.evaluation.worst import WorstFrames
from tavi_perception.output import make_folder, write_picture, write_text

REPORT, WORST = "report.md", "worst_frames.png"


def write_report(folder: Path, figures: dict[str, Any], judged: Judged, worst: WorstFrames) -> None:
    """Write report.md, its figures and the picture of the worst frames into ``folder``."""
    make_folder(folder)
    draw_evaluation(judged, figures, folder)
    sheet = worst.sheet()
    if sheet is not None:
        write_picture(folder / WORST, sheet)
    write_text(folder / REPORT, _text(figures, sheet is not None))


def _text(figures: dict[str, Any], pictured: bool) -> str:
    model, machine = figures["model"], figures["machine"]
    what = f"{model['name']} {model['version']}" if model else "What the bag recorded"
    one, two = (f"{100 * low:.0f}–{100 * high:.0f} %" for low, high in (ONE_SIGMA_TARGET, TWO_SIGMA_TARGET))
    verdict = "within" if calibrated(figures) else "outside"
    parts = [
        f"# {what} on {figures['data']}",
        _data(figures),
        headline(figures).replace("\n", "  \n"),
        f"The coverage by axis is {verdict} what is aimed at: {one} of x and y errors within one stated "
        f"sigma, {two} within two.",
        "## By landmark",
        "Errors are of all visible points, reported present or not, in px of an image side of 1000; 'in σ' "
        "are shares of x and y errors within so many stated standard deviations (0.68 and 0.95 are exact). "
        "The F1 of all is the mean over landmarks.",
        landmark_table(figures),
        "![Errors by landmark](errors.png)",
        "Errors of those points only that were reported present:",
        reported_table(figures),
    ]
    if figures["stages"]:
        parts += ["## By stage", stage_table(figures)]
        parts += [
            f"### {stage.capitalize()}\n\n{landmark_table(row)}" for stage, row in figures["stages"].items()
        ]
    parts += [
        "## Are its uncertainties calibrated?",
        "![Calibration](calibration.png)",
    ]
    if pictured:
        parts += [
            "## The worst frames",
            "White rings are true places, crosses are answers, joined by a line; red rings were not "
            "reported.",
            f"![Worst frames]({WORST})",
        ]
    parts += [
        "## How it was measured",
        _provenance(model, machine, figures),
    ]
    return "\n\n".join(parts) + "\n"


def _data(figures: dict[str, Any]) -> str:
    said = f"{figures['frames']} frames of {figures['patients']} procedures, {figures['size_px']} px"
    if "first_seed" in figures:
        said += f", seeds from {figures['first_seed']}"
    if figures.get("unanswered"):
        said += f"; {figures['unanswered']} more had no answer"
    if figures.get("left_out"):
        said += f"; {figures['left_out']} faulty ones left out"
    if figures["without_a_place"]:
        said += f"; {figures['without_a_place']} visible points got no place: they count in shares only"
    return said + "."


def _provenance(model: dict[str, Any] | None, machine: dict[str, Any], figures: dict[str, Any]) -> str:
    lines = [
        f"- {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}"
    ]
    lines.append("- " + ", ".join(f"{name} {version}" for name, version in machine["versions"].items()))
    if model:
        lines.append(
            f"- model {model['name']} {model['version']}, SHA-256 {model['sha256']}, {figures['runtime']}"
        )
    return "\n".join(lines)
