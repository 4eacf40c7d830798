"""Figures of a data set: keypoints per image, images per keypoint, and where each landmark lies."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from tavi_perception.evaluation.figures.style import EDGE, INK, STYLE, save
from tavi_perception.landmarks import COLOURS_RGB, COUNT, NAMES, Landmark
from training.annotations.statistics import SetStatistics

_NEUTRAL, _BACKDROP = "#8a9bb0", "#e2e2e2"
_GROUPS = {
    "aortic annulus": Landmark.AA1,
    "sinotubular junction": Landmark.STJ1,
    "catheter": Landmark.CP,
    "pigtail": Landmark.PT,
    "stent frame's edge": Landmark.FE1,
}
_MOST_POINTS = 4000
"""Points drawn of each landmark; more only blacken the figure."""


def draw_statistics(statistics: SetStatistics, folder: Path) -> tuple[Path, ...]:
    """Writes the figures into ``folder`` as PNG; their files."""
    figures = {
        "keypoints_per_image.png": keypoints_per_image,
        "images_per_keypoint.png": images_per_keypoint,
        "coordinates.png": coordinates,
    }
    folder.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        for name, draw in figures.items():
            save(draw(statistics), folder / name)
    return tuple(folder / name for name in figures)


def keypoints_per_image(statistics: SetStatistics) -> Figure:
    """How many images show 0, 1, … 11 landmarks."""
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    axis = figure.subplots()
    counts = statistics.keypoints_per_image
    bars = axis.bar(np.arange(len(counts)), counts, width=0.78, color=_NEUTRAL)
    axis.bar_label(bars, labels=[_count(count) for count in counts], padding=2, fontsize=8, color=INK)
    mean = statistics.images_per_keypoint.sum() / max(statistics.frames, 1)
    axis.set_xticks(np.arange(len(counts)))
    axis.set_ylim(0, max(counts.max(initial=0) * 1.1, 1))
    axis.set_xlabel("keypoints visible in an image")
    axis.set_ylabel("images")
    axis.set_title(f"Keypoints per image ({statistics.frames:,} images, {mean:.1f} on average)")
    axis.grid(axis="y")
    return figure


def images_per_keypoint(statistics: SetStatistics) -> Figure:
    """How many images show each landmark, and the share of draws with even sampling."""
    figure = Figure(figsize=(7.4, 3.9), layout="constrained")
    axis = figure.subplots()
    counts = statistics.images_per_keypoint
    places = np.arange(COUNT)
    axis.bar(places, counts, width=0.78, color=_colours(), edgecolor=EDGE, linewidth=0.7)
    axis.plot(
        places,
        statistics.weighted_share * statistics.frames,
        linestyle="none",
        marker="D",
        markersize=5,
        markerfacecolor="white",
        markeredgecolor=INK,
        label="as often as this with repeat-factor sampling",
    )
    rows = zip(NAMES, counts, statistics.share, strict=True)
    axis.set_xticks(places, [f"{name}\n{_count(count)}\n{share:.0%}" for name, count, share in rows])
    axis.set_ylim(0, max(statistics.frames * 1.05, 1))
    axis.set_ylabel("images")
    imbalance = statistics.imbalance
    rarity = f", imbalance {imbalance:.1f} : 1" if np.isfinite(imbalance) else ""
    figure.suptitle(
        f"Images per keypoint ({statistics.frames:,} images{rarity})",
        x=0.01,
        ha="left",
        fontsize=10.5,
        fontweight="bold",
    )
    handles = [Patch(facecolor=c, edgecolor=EDGE, label=g) for g, c in _group_colours()]
    figure.legend(
        handles=[*handles, *axis.lines], loc="outside lower center", ncols=3, fontsize=8.5, columnspacing=1.6
    )
    axis.grid(axis="y")
    return figure


def coordinates(statistics: SetStatistics) -> Figure:
    """Where in the image each landmark lies, one panel a landmark, on the places of all of them."""
    figure = Figure(figsize=(9.2, 7.4), layout="constrained")
    axes = figure.subplots(3, 4, sharex=True, sharey=True).ravel()
    everything = statistics.xy.reshape(-1, 2)
    known = _thinned(everything[np.isfinite(everything[:, 0])])
    for index, axis in enumerate(axes[:COUNT]):
        axis.plot(*known.T, ".", markersize=1.5, color=_BACKDROP, zorder=1, rasterized=True)
        _panel(axis, statistics, index)
    _key(axes[COUNT])
    for axis in axes[:COUNT]:
        axis.set(xlim=(0, 1), ylim=(1, 0), aspect="equal", xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
        for side in ("top", "right"):
            axis.spines[side].set_visible(True)
        axis.grid()
    figure.supxlabel("x, share of the image's width", fontsize=9.5)
    figure.supylabel("y, share of the image's height (downwards)", fontsize=9.5)
    figure.suptitle("Where landmarks lie in the image", x=0.01, ha="left", fontsize=10.5, fontweight="bold")
    return figure


def _panel(axis: Axes, statistics: SetStatistics, index: int) -> None:
    points = statistics.xy[:, index]
    points = points[np.isfinite(points[:, 0])]
    colour = _colours()[index]
    axis.plot(
        *_thinned(points).T,
        "o",
        markersize=3.2,
        markerfacecolor=colour,
        markeredgecolor=EDGE,
        markeredgewidth=0.3,
        alpha=0.75,
        zorder=2,
    )
    if len(points):
        axis.plot(*points.mean(axis=0), "+", markersize=11, markeredgewidth=1.8, color="black", zorder=3)
    axis.set_title(NAMES[index], color=INK)
    axis.set_title(f"{_count(len(points))}", loc="right", fontsize=8.5, fontweight="normal")


def _key(axis: Axes) -> None:
    """What the colours and signs of the panels mean, in place of a panel."""
    handles = [
        Line2D([], [], linestyle="none", marker="o", markeredgecolor=EDGE, color=colour, label=group)
        for group, colour in _group_colours()
    ]
    handles += [
        Line2D([], [], linestyle="none", marker=".", color="#bbbbbb", label="the other landmarks"),
        Line2D([], [], linestyle="none", marker="+", color="black", markersize=9, label="mean place"),
    ]
    axis.legend(handles=handles, loc="center", fontsize=9, labelspacing=0.7, title="number: images with it")
    axis.axis("off")


def _thinned(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most so many of the points (n, 2), evenly taken."""
    return points[:: max(1, -(-len(points) // _MOST_POINTS))]


def _colours() -> list[str]:
    return ["#{:02x}{:02x}{:02x}".format(*COLOURS_RGB[mark]) for mark in Landmark]


def _group_colours() -> list[tuple[str, str]]:
    return [(group, _colours()[mark]) for group, mark in _GROUPS.items()]


def _count(count: int) -> str:
    return f"{int(count):,}"
