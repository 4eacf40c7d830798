"""The report's figures as SVG that takes its colours from the page, so that it suits light and dark."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tavi_perception.visualization.recording import Recording
from tavi_perception.visualization.rows import FAINT, INK, Row
from tavi_perception.visualization.timeline import ROWS, timeline_of

T = TypeVar("T")

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tavi",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "none",
}
_WIDTH = 9.6
_HISTOGRAM_BINS = 40


def timeline_svg(recording: Recording, tolerance_m: float) -> str:
    """Everything that changes over time, one row below the other on a common time axis."""
    timeline = timeline_of(recording, tolerance_m)
    title = "Depth, validity, presence of landmarks, stage and annulus over time"
    return rows_svg(ROWS, timeline, (timeline.start, timeline.end), title)


def rows_svg(rows: Sequence[Row[T]], shown: T, times: tuple[float, float], title: str) -> str:
    """The rows that have something to show, on a common axis of ``times`` (s since the first frame)."""
    with matplotlib.rc_context(STYLE):
        return _svg(rows_figure(rows, shown, times), title)


def rows_figure(rows: Sequence[Row[T]], shown: T, times: tuple[float, float]) -> Figure:
    """As ``rows_svg``, in the style that is set."""
    rows = [row for row in rows if row.shown(shown)]
    heights = [row.height(shown) for row in rows]
    figure = Figure(figsize=(_WIDTH, 0.5 + sum(heights) + 0.42 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    for row, axis in zip(rows, axes, strict=True):
        axis.set_title(row.title)
        row.draw(axis, shown)
        axis.grid(axis="x")
        axis.set_axisbelow(True)
    axes[-1].set_xlabel("time since the first frame (s)")
    axes[-1].set_xlim(*times)
    return figure


def latency_svg(latencies_ms: Sequence[float]) -> str:
    """Histogram of latencies (ms) with median and 99th percentile; empty when there are none."""
    known = np.array([latency for latency in latencies_ms if np.isfinite(latency)])
    if not known.size:
        return ""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 2.5), layout="constrained")
        axis = figure.subplots()
        # A single outlier must not squeeze everything else into one bar: the last bar holds the rest.
        top = max(float(np.percentile(known, 99)) * 1.25, 1.0)
        axis.hist(np.minimum(known, top), bins=_HISTOGRAM_BINS, range=(0.0, top), color="#3b82c4")
        for share, style in ((50, "-"), (99, "--")):
            value = float(np.percentile(known, share))
            name = "median" if share == 50 else "99th percentile"
            axis.axvline(value, color=INK, linestyle=style, linewidth=1, label=f"{name} {value:.1f} ms")
        axis.legend(ncols=2, loc="lower left", bbox_to_anchor=(0.0, 1.0), borderpad=0)
        axis.set_xlabel("latency (ms)" + (", last bar: and more" if known.max() > top else ""))
        axis.set_ylabel("frames")
        return _svg(figure, "Histogram of latencies")


def errors_svg(errors_px: NDArray[np.float64], names: Sequence[str], colours: Sequence[str]) -> str:
    """Box plot of landmark errors (N, 11) (px) against a truth; empty when there are none."""
    columns = [column[np.isfinite(column)] for column in errors_px.T]
    if not any(column.size for column in columns):
        return ""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 2.5), layout="constrained")
        axis = figure.subplots()
        _boxes(axis, columns, colours)
        axis.set_xticks(np.arange(len(names)), names)
        axis.set_ylabel("error (px)")
        axis.set_ylim(bottom=0)
        axis.grid(axis="y")
        axis.set_axisbelow(True)
        return _svg(figure, "Distribution of the error of each landmark")


def _boxes(axis: Axes, columns: Sequence[NDArray[np.float64]], colours: Sequence[str]) -> None:
    lines = {"color": INK, "linewidth": 0.9}
    drawn = axis.boxplot(
        columns,
        positions=np.arange(len(columns)),
        whis=(5, 95),
        showfliers=False,
        patch_artist=True,
        boxprops={"edgecolor": INK, "linewidth": 0.9},
        whiskerprops=dict(lines),
        capprops=dict(lines),
        medianprops={"color": INK, "linewidth": 1.4},
    )
    for box, colour in zip(drawn["boxes"], colours, strict=True):
        box.set_facecolor(colour)


def _svg(figure: Figure, title: str) -> str:
    """The figure as an <svg> element without fixed size, labelled for screen readers."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' (?:width|height)="[\d.]+pt"', "", text, count=2)
    text = text.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
    return text.replace(INK, "var(--ink)").replace(FAINT, "var(--line)")
