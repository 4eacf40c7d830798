"""Figures of a Monte Carlo over procedures: errors over time, by stage and by time since contrast."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from tavi_perception.estimates import Stage
from tavi_perception.evaluation.figures.style import INK, STYLE, save
from tavi_perception.evaluation.procedures.numbers import FAR_MM
from tavi_perception.evaluation.procedures.tracked import Floats, Tracked

_DEPTH, _LATERAL, _MUTED = "#0072b2", "#d55e00", "#9a9a9a"
_BIN_S = 1.0
_FEWEST = 10
"""Frames that a point of a curve needs."""


def draw_procedures(frames: Tracked, folder: Path) -> dict[str, Path]:
    """Write the figures into ``folder`` as PNG; their titles and files."""
    drawn = {
        "Over time": ("over_time.png", over_time(frames)),
        "By group": ("by_group.png", by_group(frames)),
    }
    for name, figure in drawn.values():
        save(figure, folder / name)
    return {title: folder / name for title, (name, _) in drawn.items()}


def over_time(frames: Tracked) -> Figure:
    """Depth error and share of valid frames over the procedure's time."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 5.4), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
        _errors(above, frames, frames.time, "time in the procedure")
        above.set_xlabel("")
        _valid(below, frames, frames.time)
        below.set_xlabel("time in the procedure, s")
    return figure


def by_group(frames: Tracked) -> Figure:
    """Depth errors by time since contrast and by stage, and their distribution against the stated sigma."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11.0, 3.9), layout="constrained")
        first, second, third = figure.subplots(1, 3)
        _errors(first, frames, frames.contrast_age, "time since contrast")
        _stages(second, frames)
        _coverage(third, frames)
    return figure


def _errors(axis: Axes, frames: Tracked, along: Floats, what: str) -> None:
    """Median and 95 % quantile of the absolute error of valid deviations, in bins of ``along`` (s)."""
    axis.set_title("Error of valid deviations")
    for error, colour, name in ((frames.depth, _DEPTH, "depth"), (frames.lateral, _LATERAL, "lateral")):
        known = frames.valid & np.isfinite(error)
        bins = np.floor(along[known] / _BIN_S).astype(int)
        size = np.abs(error[known])
        groups = [(b, size[bins == b]) for b in np.unique(bins)]
        groups = [(b, group) for b, group in groups if len(group) >= _FEWEST]
        places = [(b + 0.5) * _BIN_S for b, _ in groups]
        axis.plot(places, [np.median(g) for _, g in groups], color=colour, label=f"{name}, median")
        axis.plot(
            places, [np.quantile(g, 0.95) for _, g in groups], color=colour, ls="--", lw=1.0,
            label=f"{name}, 95 %",
        )  # fmt: skip
    axis.axhline(FAR_MM, color=_MUTED, lw=0.8, ls=":")
    axis.set_ylim(bottom=0.0)
    axis.set_xlabel(f"{what}, s")
    axis.set_ylabel("mm")
    axis.grid(axis="y")
    axis.legend(fontsize=8)


def _valid(axis: Axes, frames: Tracked, along: Floats) -> None:
    bins = np.floor(along / _BIN_S).astype(int)
    used = [b for b in np.unique(bins) if (bins == b).sum() >= _FEWEST]
    axis.plot([(b + 0.5) * _BIN_S for b in used], [frames.valid[bins == b].mean() for b in used], color=INK)
    axis.set_title("Valid deviations")
    axis.set_ylim(0.0, 1.02)
    axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axis.grid(axis="y")


def _stages(axis: Axes, frames: Tracked) -> None:
    axis.set_title("Depth error by stage")
    known = frames.valid & np.isfinite(frames.depth)
    shown = [stage for stage in Stage if (known & (frames.true_stage == stage)).any()]
    groups = [np.abs(frames.depth[known & (frames.true_stage == stage)]) for stage in shown]
    axis.boxplot(
        groups, whis=(5, 95), showfliers=False, tick_labels=[stage.name.lower() for stage in shown],
        medianprops={"color": _DEPTH},
    )  # fmt: skip
    axis.axhline(FAR_MM, color=_MUTED, lw=0.8, ls=":")
    axis.set_ylabel("mm; box: quartiles, whiskers: 5 and 95 %")
    axis.grid(axis="y")


def _coverage(axis: Axes, frames: Tracked) -> None:
    """Share of depth errors within so many stated sigmas, beside a normal distribution's."""
    axis.set_title("Is the stated σ calibrated?")
    known = frames.valid & np.isfinite(frames.depth)
    sigmas = np.linspace(0.0, 4.0, 81)
    ratio = np.sort(np.abs(frames.depth[known]) / frames.depth_sigma[known])
    share = np.searchsorted(ratio, sigmas, side="right") / max(len(ratio), 1)
    normal = [math.erf(value / math.sqrt(2.0)) for value in sigmas]
    axis.plot(sigmas, normal, color=_MUTED, ls="--", label="normal")
    axis.plot(sigmas, share, color=_DEPTH, label="measured")
    axis.set_xlabel("depth error, stated σ")
    axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axis.grid()
    axis.legend(fontsize=8)
