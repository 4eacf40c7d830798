"""Figures of an evaluation: errors of each landmark, and whether stated uncertainties are calibrated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator, PercentFormatter
from numpy.typing import NDArray

from tavi_perception.evaluation.figures.style import EDGE, INK, STYLE, save
from tavi_perception.evaluation.judged import Judged
from tavi_perception.evaluation.numbers import errors_by_landmark
from tavi_perception.landmarks import COLOURS_RGB, COUNT, NAMES, Landmark

_NEUTRAL, _FIRST, _SECOND = "#9a9a9a", "#0072b2", "#d55e00"
_SMALLEST, _LARGEST = 0.3, 300.0
"""Range of the histograms (px of 1000); errors outside stand in the outermost bins."""


def draw_evaluation(judged: Judged, figures: dict[str, Any], folder: Path) -> tuple[Path, ...]:
    """Writes the figures into ``folder`` as PNG; their files."""
    drawn = {
        "errors.png": errors(judged, figures),
        "calibration.png": calibration(figures),
    }
    for name, figure in drawn.items():
        save(figure, folder / name)
    return tuple(folder / name for name in drawn)


def errors(judged: Judged, figures: dict[str, Any]) -> Figure:
    """Histograms of the errors of visible points, one panel a landmark, and all their distributions."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 6.8), layout="constrained")
        axes = figure.subplots(3, 4, sharex=True).ravel()
        edges = np.geomspace(_SMALLEST, _LARGEST, 31).tolist()
        for landmark, (axis, values) in zip(
            Landmark, zip(axes[:COUNT], errors_by_landmark(judged), strict=True), strict=True
        ):
            _histogram(axis, landmark, values, edges)
        _distributions(axes[COUNT], judged)
        for axis in axes:
            axis.set_xscale("log")
            axis.set_xlim(_SMALLEST, _LARGEST)
            axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        figure.supxlabel("error of visible points, px of an image side of 1000", fontsize=9.5)
        figure.suptitle(
            f"Errors of {(judged.labels.visible > 0).sum():,.0f} visible points: median (line) "
            f"{figures['median_px']:.1f} px, 95 % quantile (dashed) {figures['p95_px']:.1f} px",
            x=0.01, ha="left", fontsize=10.5, fontweight="bold",
        )  # fmt: skip
    return figure


def calibration(figures: dict[str, Any]) -> Figure:
    """Stated against empirical sigma, coverage, and the reliability of the presence."""
    curves = figures["calibration"]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10.8, 3.9), layout="constrained")
        first, second, third = figure.subplots(1, 3)
        _sigma(first, curves["sigma"])
        _coverage(second, curves["coverage"])
        _presence(third, curves["presence"])
    return figure


def _histogram(axis: Axes, landmark: Landmark, values: NDArray[np.float64], edges: list[float]) -> None:
    axis.set_title(NAMES[landmark], color=INK)
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
    if not len(values):
        axis.text(0.5, 0.5, "not in these frames", transform=axis.transAxes, ha="center", color=_NEUTRAL)
        return
    colour = "#{:02x}{:02x}{:02x}".format(*COLOURS_RGB[landmark])
    inside = np.clip(values, _SMALLEST * 1.0001, _LARGEST * 0.9999)
    axis.hist(inside, bins=edges, color=colour, edgecolor=EDGE, linewidth=0.4)
    for value, style in ((np.median(values), "-"), (np.percentile(values, 95), "--")):
        axis.axvline(float(np.clip(value, _SMALLEST, _LARGEST)), color=INK, linewidth=1, linestyle=style)
    said = f"{np.median(values):.1f} · {np.percentile(values, 95):.0f} px"
    axis.set_title(f"{said}   n {len(values):,}", loc="right", fontsize=8, fontweight="normal")
    axis.set_ylim(0, axis.get_ylim()[1] * 1.05)


def _distributions(axis: Axes, judged: Judged) -> None:
    """Share of the points whose error is smaller, for all landmarks together and one by one."""
    every = errors_by_landmark(judged)
    for landmark, values in zip(Landmark, every, strict=True):
        if len(values):
            colour = "#{:02x}{:02x}{:02x}".format(*COLOURS_RGB[landmark])
            axis.plot(
                np.sort(values), np.arange(1, len(values) + 1) / len(values), color=colour, linewidth=0.8
            )
    together = np.sort(np.concatenate(every))
    axis.plot(together, np.arange(1, len(together) + 1) / len(together), color=INK, linewidth=1.8)
    for limit in (5, 10):
        axis.axvline(limit, color=_NEUTRAL, linewidth=0.8, linestyle=":")
    axis.set_ylim(0, 1)
    axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axis.yaxis.tick_right()
    axis.spines["left"].set_visible(False)
    axis.spines["right"].set_visible(True)
    axis.grid(axis="y")
    axis.set_title("share below", color=INK)
    axis.set_title("black: all", loc="right", fontsize=8, fontweight="normal")


def _sigma(axis: Axes, curve: list[dict[str, float]]) -> None:
    stated = [row["stated"] for row in curve]
    empirical, rms = ([row[key] for row in curve] for key in ("empirical", "rms"))
    if curve:
        low = 0.7 * min(*stated, *empirical, *rms)
        high = 1.4 * max(*stated, *empirical, *rms)
        axis.plot([low, high], [low, high], color=_NEUTRAL, linewidth=1, zorder=1)
        axis.set(xlim=(low, high), ylim=(low, high), xscale="log", yscale="log", aspect="equal")
        for side in (axis.xaxis, axis.yaxis):
            side.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            side.set_minor_locator(NullLocator())
    axis.plot(stated, rms, "o--", color=_SECOND, markersize=3.5, linewidth=1, label="root mean square")
    axis.plot(stated, empirical, "o-", color=_FIRST, markersize=4.5, linewidth=1.4, label="68.3 % quantile")
    axis.set_title("Sigma: stated and found")
    axis.set_xlabel("stated sigma of x or y, px of 1000")
    axis.set_ylabel("found in bins of equal size, px of 1000")
    axis.legend(fontsize=8.5, loc="upper left")
    axis.grid()


def _coverage(axis: Axes, curve: list[dict[str, float]]) -> None:
    axis.plot([0, 1], [0, 1], color=_NEUTRAL, linewidth=1, zorder=1)
    expected, found = ([row[key] for row in curve] for key in ("expected", "found"))
    axis.plot(expected, found, "o-", color=_FIRST, markersize=4, linewidth=1.4)
    named = [row for row in curve if row["sigmas"] in (1.0, 2.0)]
    axis.plot(
        [row["expected"] for row in named], [row["found"] for row in named],
        "o", color=_SECOND, markersize=7, zorder=3,
    )  # fmt: skip
    said = [f"{row['sigmas']:g} σ: {row['found']:.1%}, exact {row['expected']:.1%}" for row in named]
    axis.text(0.97, 0.04, "\n".join(said), transform=axis.transAxes, ha="right", va="bottom", fontsize=8.5)
    axis.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axis.set_title("Errors within so many sigmas")
    axis.set_xlabel("share of a normal distribution")
    axis.set_ylabel("share of x and y errors")
    _percent(axis)


def _presence(axis: Axes, curve: list[dict[str, float]]) -> None:
    axis.plot([0, 1], [0, 1], color=_NEUTRAL, linewidth=1, zorder=1)
    stated, found, count = ([row[key] for row in curve] for key in ("stated", "found", "count"))
    size = 140 * np.sqrt(np.array(count) / max(count, default=1)) + 8
    axis.plot(stated, found, color=_FIRST, linewidth=1.2, zorder=2)
    axis.scatter(stated, found, s=size, color=_FIRST, alpha=0.75, edgecolor="white", linewidth=0.6, zorder=3)
    axis.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    axis.set_title("Presence: stated and found")
    axis.text(
        0.97, 0.04, "area of a dot: square root\nof its decisions",
        transform=axis.transAxes, ha="right", va="bottom", fontsize=8.5,
    )  # fmt: skip
    axis.set_xlabel("stated presence")
    axis.set_ylabel("share visible")
    _percent(axis)


def _percent(axis: Axes) -> None:
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_formatter(PercentFormatter(1.0))
    axis.grid()
