"""report.html and summary.json of a procedure in which a controller moved the robot, from its bag alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from tavi_perception.audit.procedure import CONTROLLER, OF_MOTION, read_procedure
from tavi_perception.audit.values import verdict_values
from tavi_perception.audit.verdict import Verdict, motion_in_words, verdict
from tavi_perception.output import write_text
from tavi_perception.visualization.closed_loop.course import ROWS, Course
from tavi_perception.visualization.closed_loop.phases import COLOURS, PHASES
from tavi_perception.visualization.plots import rows_svg
from tavi_perception.visualization.recording import read_recording
from tavi_perception.visualization.report import number, render
from tavi_perception.visualization.summary import summarise, to_json, values_of

LISTED = 30
"""Violations that the page lists; summary.json has all."""


@dataclass(frozen=True)
class Quantity:
    """One length of the placed valve (m): as it is, as it was believed to be, and as it should be."""

    name: str
    true: float
    believed: float
    target: float
    tolerance: float


@dataclass(frozen=True)
class Fact:
    """What there is to say of the work, and its value in words."""

    label: str
    value: str


def write_procedure_report(bag: Path, out: Path) -> Verdict:
    """Writes ``out``/report.html and ``out``/summary.json; returns the verdict with which both begin.

    Raises:
        BagError: the bag cannot be read, or holds no procedure of a controller.
        OutputError: the folder cannot be written.
    """
    procedure = read_procedure(bag, (*OF_MOTION, CONTROLLER))
    found = verdict(procedure)
    recording = read_recording(bag)
    summary = summarise(recording)
    course = Course(procedure, found)
    page = render(
        "closed_loop.html.j2",
        recording,
        summary,
        found.depth_tolerance,
        verdict=found,
        outcome=found.outcome.value.capitalize(),
        valve=_valve(found),
        facts=_facts(found),
        violations=[(procedure.seconds(v.time), v.sentence) for v in found.motion.violations[:LISTED]],
        course=Markup(rows_svg(ROWS, course, course.times, "Phases, depth, motion and validity over time")),
        names_of_phases=PHASES,
        colours_of_phases=COLOURS,
    )
    write_text(out / "report.html", page)
    values = {**verdict_values(found, procedure), "perception": values_of(summary)}
    write_text(out / "summary.json", to_json(values))
    return found


def _valve(found: Verdict) -> list[Quantity]:
    true, believed = found.true, found.believed
    return [
        Quantity("Depth", true.depth, believed.depth, found.target, found.depth_tolerance),
        Quantity("Tilt", true.tilt, believed.tilt, 0.0, found.tilt_tolerance),
    ]


def _facts(found: Verdict) -> list[Fact]:
    facts = [
        Fact("Duration", f"{number(found.duration)} s"),
        Fact("Holds", str(found.holds)),
        Fact("Recaptures", str(found.recaptures)),
        Fact("Motion", motion_in_words(found.motion)),
    ]
    if found.injections is not None:
        ml = f", {number(found.contrast_ml, 0)} ml" if math.isfinite(found.contrast_ml) else ""
        plural = "" if found.injections == 1 else "s"
        facts.insert(1, Fact("Contrast", f"{found.injections} injection{plural}{ml}"))
    if found.fault:
        facts.insert(0, Fact("Simulated fault", found.fault))
    return facts
