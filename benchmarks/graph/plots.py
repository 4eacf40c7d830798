"""The results of a run as figures: over the rate for every size, and over the size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from benchmarks.graph.arms import ARMS
from benchmarks.graph.figures import Figures
from benchmarks.graph.results import Result
from tavi_perception.evaluation.figures.style import STYLE, save

_COLOURS = dict(zip(ARMS, ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"), strict=True))
"""Okabe and Ito's, which people with any colour vision tell apart."""

Value = Callable[[Figures], float | None]


def draw(results: Sequence[Result], folder: Path) -> list[Path]:
    """Two PNG files for every company; floods are left out."""
    files = []
    for company in dict.fromkeys(result.company for result in results):
        shown = [result for result in results if result.company is company and not result.cell.flood]
        for name, drawing in (("rate", over_rate(shown)), ("size", over_size(shown))):
            files.append(folder / f"{name}-{company.value.replace('+', '-')}.png")
            save(drawing, files[-1])
    return files


def over_rate(results: Sequence[Result]) -> Drawing:
    """A column for every size: latency, lost frames and processor time over the rate."""
    sizes = sorted({result.cell.size for result in results})
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(1.2 + 3.4 * len(sizes), 7.6), layout="constrained")
        axes = drawing.subplots(3, len(sizes), squeeze=False, sharex=True, sharey="row")
        for column, size in enumerate(sizes):
            rows = [result for result in results if result.cell.size == size]
            latency, lost, cpu = axes[:, column]
            latency.set_title(f"{size} px")
            _lines(latency, rows, _rate, lambda it: it.median_ms, label=True)
            _lines(latency, rows, _rate, lambda it: it.p99_ms, style="--")
            latency.set_yscale("log")
            _lines(lost, rows, _rate, lambda it: 100.0 * it.lost / it.sent if it.sent else None)
            _lines(cpu, rows, _rate, lambda it: it.cpu_percent)
            cpu.set_xlabel("frames a second")
        axes[0, 0].yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes[0, 0].yaxis.set_major_formatter(ScalarFormatter())
        axes[0, 0].yaxis.set_minor_formatter(NullFormatter())
        for axis in axes[1:, 0]:
            axis.set_ylim(bottom=0.0)
        for axis, words in zip(
            axes[:, 0], ("latency, ms\n(dashed: 99 %)", "lost, %", "CPU, % of a core"), strict=True
        ):
            axis.set_ylabel(words)
        _legend(drawing, axes[0, 0])
    return drawing


def over_size(results: Sequence[Result]) -> Drawing:
    """At the lowest rate: latency, processor time for an answer and memory over the size."""
    lowest = min(result.cell.rate for result in results)
    rows = [result for result in results if result.cell.rate == lowest]
    with matplotlib.rc_context(STYLE):
        drawing = Drawing(figsize=(11.0, 3.6), layout="constrained")
        drawing.suptitle(f"{lowest:g} frames a second")
        values: tuple[tuple[str, Value], ...] = (
            ("median latency, ms", lambda it: it.median_ms),
            ("CPU for an answer, ms", lambda it: it.cpu_ms),
            ("memory, MB", lambda it: it.memory_mb),
        )
        for axis, (words, value) in zip(drawing.subplots(1, 3), values, strict=True):
            _lines(axis, rows, _megapixels, value, label=True)
            axis.set_xlabel("megapixels")
            axis.set_ylabel(words)
            axis.set_ylim(bottom=0.0)
        _legend(drawing, drawing.axes[0])
    return drawing


def _legend(drawing: Drawing, axis: Axes) -> None:
    """Of what ``axis`` names, below all: within it would hide lines."""
    handles, labels = axis.get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=max(1, len(labels)))


def _lines(
    axis: Axes,
    results: Sequence[Result],
    along: Callable[[Result], float],
    value: Value,
    style: str = "-",
    label: bool = False,
) -> None:
    for arm in dict.fromkeys(result.arm for result in results):
        points = sorted(
            (along(result), known)
            for result in results
            if result.arm == arm and (known := value(result.figures)) is not None
        )
        axis.plot(
            [x for x, _ in points],
            [y for _, y in points],
            style,
            color=_COLOURS[arm],
            marker="o",
            markersize=3,
            label=ARMS[arm].title if label else None,
        )
    axis.grid(axis="y")


def _rate(result: Result) -> float:
    return result.cell.rate


def _megapixels(result: Result) -> float:
    return 1e-6 * result.cell.size**2
