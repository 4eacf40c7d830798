"""The course of a closed-loop procedure as rows over time: what was true, believed and done, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from tavi_perception.audit.procedure import Measured, Procedure
from tavi_perception.audit.verdict import Verdict
from tavi_perception.control.decision import Phase
from tavi_perception.estimates import BoolArray, CatheterDeviation, FloatArray, Reason
from tavi_perception.visualization.closed_loop.phases import COLOURS, PHASES
from tavi_perception.visualization.rows import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    INK,
    LEGEND,
    RED,
    Row,
    legend_of_patches,
    name_rows,
    strip,
)
from tavi_perception.visualization.words import REASONS

_NAMED = 0.045
"""Share of the whole time from which on the name of a phase fits into its band."""

_NEAR = 2.5
"""Tolerances around the target that the enlarged depth shows."""


@dataclass(frozen=True)
class Course:
    """A procedure and the verdict on it."""

    procedure: Procedure
    verdict: Verdict

    @property
    def times(self) -> tuple[float, float]:
        """From the first frame to the last message (s)."""
        return 0.0, max(self.procedure.end, 1e-3)


def _times(measured: tuple[Measured, ...]) -> FloatArray:
    return np.array([one.time for one in measured])


def _values(measured: tuple[Measured, ...], value: Callable[[CatheterDeviation], float]) -> FloatArray:
    return np.array([value(one.deviation) for one in measured])


def _valid(measured: tuple[Measured, ...]) -> BoolArray:
    return np.array([one.deviation.valid for one in measured], dtype=bool)


def _edges(measured: tuple[Measured, ...]) -> FloatArray:
    """(N + 1,) the time that each deviation covers: up to the next."""
    times = _times(measured)
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    return np.append(times, times[-1] + usual)


def _draw_phases(axis: Axes, course: Course) -> None:
    first, whole = course.times
    unnamed = {}
    for span in course.verdict.spans:
        begin = max(span.begin, first)
        length = span.end - begin
        if length <= 0:  # before the first frame
            continue
        axis.broken_barh([(begin, length)], (-0.5, 1.0), color=COLOURS[span.phase], linewidth=0)
        if length > _NAMED * whole and length > 0.008 * len(PHASES[span.phase]) * whole:
            axis.text(
                begin + length / 2, 0.0, PHASES[span.phase], color="white", fontsize=8,
                ha="center", va="center_baseline",
            )  # fmt: skip
        else:
            unnamed[span.phase] = PHASES[span.phase], COLOURS[span.phase]
    axis.set_ylim(-0.5, 0.5)
    axis.set_yticks([])
    legend_of_patches(axis, list(unnamed.values()))


def _draw_depth(axis: Axes, course: Course) -> None:
    """True depth, what the perception made of it, and what the controller averaged from that."""
    procedure, verdict = course.procedure, course.verdict
    low, high = (1e3 * (verdict.target + side * verdict.depth_tolerance) for side in (-1, 1))
    axis.axhspan(low, high, color=GREEN, alpha=0.15, linewidth=0, label="target ± tolerance")
    axis.axhline(1e3 * verdict.target, color=GREEN, linewidth=0.8)
    found = procedure.believed
    times, depth, valid = _times(found), 1e3 * _values(found, lambda d: d.depth), _valid(found)
    axis.plot(times, np.where(valid, np.nan, depth), ".", color=GREY, markersize=3, label="invalid")
    axis.plot(times, np.where(valid, depth, np.nan), ".", color=BLUE, markersize=3, label="perceived, valid")
    if procedure.truth:
        true = 1e3 * _values(procedure.truth, lambda d: d.depth)
        axis.plot(_times(procedure.truth), true, color=INK, linewidth=1, linestyle=(0, (4, 2)), label="true")
    steered = np.array([(s.time, 1e3 * s.depth, 1e3 * s.depth_sigma) for s in procedure.steered]).reshape(
        -1, 3
    )
    when, mean, sigma = steered.T
    axis.fill_between(when, mean - sigma, mean + sigma, color=AMBER, alpha=0.3, linewidth=0)
    axis.plot(when, mean, color=AMBER, linewidth=1.3, label="controller's mean ± σ")
    axis.set_ylabel("mm into the ventricle")
    axis.grid(axis="y")


def _draw_whole_depth(axis: Axes, course: Course) -> None:
    _draw_depth(axis, course)
    axis.legend(**LEGEND)


def _draw_near_depth(axis: Axes, course: Course) -> None:
    _draw_depth(axis, course)
    for span in course.verdict.spans:
        axis.axvspan(span.begin, span.end, color=COLOURS[span.phase], alpha=0.08, linewidth=0)
    reach = _reach(course)
    axis.set_ylim(1e3 * (course.verdict.target - reach), 1e3 * (course.verdict.target + reach))


def _draw_travel(axis: Axes, course: Course) -> None:
    travel = course.procedure.travel
    times = (travel.time - course.procedure.start) * 1e-9
    axis.plot(times, 1e3 * travel.advance, color=BLUE, label="advance")
    axis.plot(times, 1e3 * travel.retraction, color=AMBER, label="retraction")
    axis.set_ylabel("mm")
    axis.grid(axis="y")
    axis.legend(**LEGEND)


def _draw_extraction(axis: Axes, course: Course) -> None:
    found, truth = course.procedure.believed, course.procedure.truth
    shown = np.where(_valid(found), 100 * _values(found, lambda d: d.extraction), np.nan)
    axis.plot(_times(found), shown, ".", color=BLUE, markersize=3, label="perceived, valid")
    if truth:
        true = 100 * _values(truth, lambda d: d.extraction)
        axis.plot(_times(truth), true, color=INK, linewidth=1, linestyle=(0, (4, 2)), label="true")
    axis.set_ylim(-5, 105)
    axis.set_ylabel("%")
    axis.grid(axis="y")
    axis.legend(**LEGEND)


def _draw_velocities(axis: Axes, course: Course) -> None:
    """Of the commands; 0 where they say hold."""
    commands = course.procedure.commands
    times = (commands.received - course.procedure.start) * 1e-9
    for name, velocity, colour in (
        ("advance", commands.advance, BLUE),
        ("retraction", commands.retraction, AMBER),
    ):
        shown = 1e3 * np.where(commands.hold, 0.0, velocity)
        axis.step(times, shown, where="post", color=colour, linewidth=1.2, label=name)
    axis.set_ylabel("mm/s")
    axis.grid(axis="y")
    bad = [course.procedure.seconds(violation.time) for violation in course.verdict.motion.violations]
    if bad:
        axis.plot(bad, np.zeros(len(bad)), "x", color=RED, markersize=6, label="without leave")
    axis.legend(**LEGEND)


def _reasons(course: Course) -> list[Reason]:
    return [r for r in REASONS if any(r in found.deviation.reasons for found in course.procedure.reports)]


def _draw_validity(axis: Axes, course: Course) -> None:
    found, reasons = course.procedure.reports, _reasons(course)
    edges = _edges(found)
    strip(axis, 0, edges, [GREEN if one.deviation.valid else RED for one in found])
    for row, reason in enumerate(reasons, start=1):
        strip(axis, row, edges, [RED if reason in one.deviation.reasons else None for one in found])
    name_rows(axis, ["valid", *(REASONS[reason] for reason in reasons)])


def _draw_contrast(axis: Axes, course: Course) -> None:
    """When contrast medium was asked for, and when it was injected."""
    steered = course.procedure.steered
    edges = np.array([*(one.time for one in steered), course.procedure.end])
    strip(axis, 0, edges, [COLOURS[Phase.CONTRAST] if one.contrast_requested else None for one in steered])
    injected = [used.time for used in course.procedure.contrast if used.injections]
    axis.plot(injected, np.ones(len(injected)), "v", color=INK, markersize=6)
    name_rows(axis, ["asked for", "injected"])


def _perceived(course: Course) -> bool:
    return bool(course.procedure.believed)


def _was_near(course: Course) -> bool:
    """Some depth, true or perceived, is within what the enlarged row shows."""
    depths = _values((*course.procedure.believed, *course.procedure.truth), lambda d: d.depth)
    return bool((np.abs(depths - course.verdict.target) < _reach(course)).any())


def _reach(course: Course) -> float:
    """Half of the enlarged depth (m)."""
    return _NEAR * course.verdict.depth_tolerance


def _commanded(course: Course) -> bool:
    return len(course.procedure.commands.hold) > 0


ROWS: tuple[Row[Course], ...] = (
    Row("Phases", lambda _: 0.3, lambda c: bool(c.verdict.spans), _draw_phases),
    Row("Implantation depth", lambda _: 2.2, _perceived, _draw_whole_depth),
    Row("Implantation depth near the target", lambda _: 1.8, _was_near, _draw_near_depth),
    Row("Extraction of the stent", lambda _: 1.0, _perceived, _draw_extraction),
    Row("Travel of the robot", lambda _: 1.1, lambda c: len(c.procedure.travel.time) > 1, _draw_travel),
    Row("Commanded velocities", lambda _: 1.1, _commanded, _draw_velocities),
    Row("Validity and reasons", lambda c: 0.2 * len(_reasons(c)) + 0.3, _perceived, _draw_validity),
    Row("Contrast medium", lambda _: 0.45, lambda c: bool(c.procedure.steered), _draw_contrast),
)
