"""Figures of a study of the closed loop: where the valves ended, at what cost, and what faults did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tavi_perception.clinical import DEPTH_TOLERANCE, STENT_TILT_TOLERANCE
from tavi_perception.evaluation.closed_loop.numbers import (
    contrast_ml,
    is_aborted,
    is_false_success,
    is_safe_abort,
)
from tavi_perception.evaluation.closed_loop.outcome import Outcome
from tavi_perception.evaluation.figures.style import EDGE, INK, STYLE, save

_PLACED, _ABORTED, _BAD, _MUTED = "#0072b2", "#e69f00", "#d55e00", "#9a9a9a"
_TOLERANCE_MM = 1e3 * DEPTH_TOLERANCE
_SHOWN_MM = 4.0
"""Depth errors beyond stand at the border of a figure."""
_ROOM = 1.04
"""Share of the border at which they do."""

_ENDINGS: dict[str, tuple[str, Callable[[Outcome], bool]]] = {
    "placed": (_PLACED, lambda each: each.placed and not is_false_success(each)),
    "false success": (_BAD, is_false_success),
    "aborted safely": (_ABORTED, is_safe_abort),
    "aborted, free unsaid": ("#882255", lambda each: is_aborted(each) and not is_safe_abort(each)),
    "not finished": (_MUTED, lambda each: not each.placed and not is_aborted(each)),
}
"""How procedures end: the colour of each, and which they are; the first that fits counts."""

SOURCE = "Smits et al., Front. Robot. AI 2025;12:1650228, conference notes"
_PUBLISHED_MM = {"TAVIPILOT": (-0.3, 0.5), "by hand": (-1.5, 2.1)}
"""Ranges of the depth error by ``SOURCE``: three experts, 60 procedures an arm."""


def draw_closed_loops(outcomes: Sequence[Outcome], folder: Path) -> dict[str, Path]:
    """Write the figures into ``folder`` as PNG, depths only if a valve was released; titles and files."""
    drawn = {}
    if any(each.released for each in outcomes):
        drawn["Depth error"] = "depth.png", depth(outcomes)
        drawn["Against tilt, time and contrast"] = "costs.png", costs(outcomes)
    if any(each.fault for each in outcomes):
        drawn["By fault"] = ("faults.png", faults(outcomes))
    for name, figure in drawn.values():
        save(figure, folder / name)
    return {title: folder / name for title, (name, _) in drawn.items()}


def depth(outcomes: Sequence[Outcome]) -> Figure:
    """The true depth error of the released valves, with the published ranges of others below it."""
    released = [each for each in outcomes if each.released]
    endings = [_ending(each) for each in released]
    groups = {
        name: [each for each, ending in zip(released, endings, strict=True) if ending == name]
        for name in _named(endings)
    }
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.8), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        above.hist(
            [_clipped(group) for group in groups.values()], bins=np.arange(-4.2, 4.21, 0.2).tolist(),
            stacked=True, color=[_ENDINGS[name][0] for name in groups], edgecolor=EDGE, linewidth=0.4,
            label=[f"{name} ({len(group)})" for name, group in groups.items()],
        )  # fmt: skip
        _tolerance(above)
        above.set_title(f"True depth error of {len(released)} released valves")
        above.set_title(
            f"grey: tolerance of ±{_TOLERANCE_MM:g} mm", loc="right", fontsize=8.5, weight="normal"
        )
        above.set_ylabel("valves")
        above.yaxis.set_major_locator(MaxNLocator(integer=True))
        above.legend(fontsize=8.5, loc="upper left")
        _ranges(below, released)
        below.set_xlim(-_ROOM * _SHOWN_MM, _ROOM * _SHOWN_MM)
        below.set_xlabel("depth less target, mm: aorta – | + ventricle")
    return figure


def costs(outcomes: Sequence[Outcome]) -> Figure:
    """Depth error of the released valves against tilt, time and contrast medium."""
    released = [each for each in outcomes if each.released]
    along = {
        "tilt, mm": [each.tilt for each in released],
        "time, s": [each.duration for each in released],
        "contrast medium, ml": [contrast_ml(each) for each in released],
    }
    endings = [_ending(each) for each in released]
    colours = [_ENDINGS[ending][0] for ending in endings]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10.8, 3.9), layout="constrained")
        for axis, (name, values) in zip(figure.subplots(1, 3, sharey=True), along.items(), strict=True):
            axis.scatter(values, _clipped(released), s=16, c=colours, alpha=0.75, linewidth=0)
            axis.axhspan(-_TOLERANCE_MM, _TOLERANCE_MM, color=_MUTED, alpha=0.15, linewidth=0, zorder=0)
            axis.axhline(0.0, color=_MUTED, linewidth=0.8, zorder=0)
            axis.set_xlabel(name)
            axis.set_title(f"Against {name.partition(',')[0]}")
            axis.grid()
        first = figure.axes[0]
        tilt = 1e3 * STENT_TILT_TOLERANCE
        first.axvspan(-tilt, tilt, color=_MUTED, alpha=0.15, linewidth=0, zorder=0)
        first.set_ylim(-_ROOM * _SHOWN_MM, _ROOM * _SHOWN_MM)
        first.set_ylabel("true depth error, mm")
        for name in _named(endings):
            first.scatter([], [], s=16, c=_ENDINGS[name][0], label=name)
        first.legend(fontsize=8.5, loc="lower left")
    return figure


def faults(outcomes: Sequence[Outcome]) -> Figure:
    """How procedures ended, and their depth errors, one row a kind of fault."""
    kinds = sorted({each.fault for each in outcomes if each.fault}, reverse=True)
    rows = [[each for each in outcomes if each.fault == kind] for kind in kinds]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10.8, 1.6 + 0.32 * len(kinds)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
        _endings(left, rows)
        for place, row in enumerate(rows):
            free = [each for each in row if each.released]
            colours = [_ENDINGS[_ending(each)][0] for each in free]
            right.scatter(_clipped(free), [place] * len(free), s=16, c=colours, alpha=0.75, linewidth=0)
        left.set_yticks(range(len(kinds)), kinds)
        left.set_ylim(-0.6, len(kinds) - 0.4)
        right.tick_params(labelleft=False, left=False)
        _tolerance(right)
        right.set_xlim(-_ROOM * _SHOWN_MM, _ROOM * _SHOWN_MM)
        right.set_title("True depth error of the released")
        right.set_xlabel("mm")
        right.grid(axis="y")
    return figure


def _ending(outcome: Outcome) -> str:
    """Its name in ``_ENDINGS``."""
    return next(name for name, (_, belongs) in _ENDINGS.items() if belongs(outcome))


def _named(endings: Sequence[str]) -> list[str]:
    """Those that a legend names: placed ones, and what else there is."""
    return [name for name in _ENDINGS if name == "placed" or name in endings]


def _endings(axis: Axes, rows: Sequence[Sequence[Outcome]]) -> None:
    """Stacked bars: shares of the procedures of each row by how they ended."""
    start = np.zeros(len(rows))
    for name, (colour, belongs) in _ENDINGS.items():
        share = np.array([100.0 * sum(map(belongs, row)) / len(row) for row in rows])
        if share.any():
            axis.barh(
                range(len(rows)), share, left=start, color=colour, edgecolor="white", linewidth=0.6,
                height=0.7, label=name,
            )  # fmt: skip
        start += share
    for place, row in enumerate(rows):
        axis.text(101.0, place, f"{len(row)}", va="center", fontsize=8, color=INK)
    axis.set_xlim(0.0, 106.0)
    axis.set_xlabel("% of the procedures; right: how many")
    axis.legend(fontsize=8.5, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3)


def _ranges(axis: Axes, released: Sequence[Outcome]) -> None:
    """This study's middle 95 % of the depth error beside what others have published."""
    ranges = dict(_PUBLISHED_MM)
    if released:
        low, high = np.quantile([each.depth_error for each in released], [0.025, 0.975])
        ranges = {"middle 95 %": (float(low), float(high)), **ranges}
    for place, (low, high) in enumerate(reversed(ranges.values())):
        ours = len(ranges) > len(_PUBLISHED_MM) and place == len(ranges) - 1
        axis.barh(place, high - low, left=low, height=0.55, color=_PLACED if ours else _MUTED)
    named = [f"{name}: {low:+.1f} … {high:+.1f}" for name, (low, high) in ranges.items()]
    axis.set_yticks(range(len(ranges)), [name.replace("-", "−") for name in reversed(named)], fontsize=8.5)
    axis.spines["left"].set_visible(False)
    axis.tick_params(axis="y", length=0)


def _tolerance(axis: Axes) -> None:
    axis.axvspan(-_TOLERANCE_MM, _TOLERANCE_MM, color=_MUTED, alpha=0.15, linewidth=0, zorder=0)
    axis.axvline(0.0, color=_MUTED, linewidth=0.8, zorder=0)


def _clipped(outcomes: Sequence[Outcome]) -> list[float]:
    """Depth errors (mm), those beyond the figure at its border."""
    return [float(np.clip(each.depth_error, -_SHOWN_MM, _SHOWN_MM)) for each in outcomes]
