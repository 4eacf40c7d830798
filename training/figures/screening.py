"""Figures of a screening: loss curves, predictions through training, accuracy against speed, times."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

from tavi_perception.landmarks import COLOURS_RGB, COUNT, Landmark
from training.data import Samples
from training.paper.results import Result, shown_frames
from training.paper.rows import Kind, Row
from training.paper.timing import duration

_STYLE = {
    "figure.dpi": 160,
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.edgecolor": "#666666",
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.7,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "legend.frameon": False,
}
_KINDS = {Kind.FROZEN: "#56b4e9", Kind.FINE_TUNED: "#0072b2", Kind.BUNDLE: "#d55e00"}
_ARCHITECTURES = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999", "#8c6d31", "#5b4b8a")
_OURS = ("#d55e00", "#882255", "#332288")
_BUBBLE = 9.0
"""Area (pt²) of a bubble for a million parameters."""


def write_all(rows: Sequence[Row], test: Samples, folder: Path) -> dict[str, str]:
    """Write every figure of ``rows`` as PNG; captions by file, relative to the folder's parent."""
    (folder / "predictions").mkdir(parents=True, exist_ok=True)
    captions = {}
    trained = [(row, row.result) for row in rows if row.result is not None]
    with matplotlib.rc_context(_STYLE):
        drawings: list[tuple[str, Callable[[], Figure], str]] = [
            (
                "accuracy_and_speed",
                lambda: accuracy_and_speed(rows),
                "Accuracy against speed; the area of a bubble is the number of parameters.",
            ),
            ("times", lambda: times(rows), "Time of training and of the prediction for one frame."),
        ]
        if trained:
            text = "Loss of training and validation; the ring marks the epoch whose weights were kept."
            drawings.insert(0, ("loss_curves", lambda: loss_curves(trained), text))
        for name, draw, caption in drawings:
            draw().savefig(folder / f"{name}.png")
            captions[f"{folder.name}/{name}.png"] = caption
        for row, result in trained:
            file = folder / "predictions" / f"{row.name}.png"
            predictions(row.title, result, test).savefig(file)
            captions[f"{folder.name}/predictions/{file.name}"] = (
                f"{row.title}: predictions (dots) of visible landmarks, joined by their error to the truth "
                "(crosses), on the same test frames through training."
            )
    return captions


def loss_curves(trained: Sequence[tuple[Row, Result]]) -> Figure:
    """Training and validation loss over the epochs, a panel for each network, on one scale."""
    columns = min(3, len(trained))
    lines = math.ceil(len(trained) / columns)
    figure = Figure(figsize=(max(3.1 * columns, 4.6), 2.2 * lines + 0.6), layout="constrained")
    grid = figure.subplots(lines, columns, sharey=True, squeeze=False)
    for axis, (row, result) in zip(grid.flat, trained, strict=False):
        _curves(axis, row, result)
    for axis in list(grid.flat)[len(trained) :]:
        axis.set_visible(False)
    values = [v for _, r in trained for e in r.history for v in (e.training_loss, e.validation_loss)]
    if max(values) > 5 * max(min(values), 1e-9):
        grid[0, 0].set_yscale("log")
        for axis in grid.flat:
            axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.yaxis.set_major_formatter(ScalarFormatter())
            axis.yaxis.set_minor_formatter(NullFormatter())
    for axis in grid[:, 0]:
        axis.set_ylabel("loss")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3)
    return figure


def predictions(title: str, result: Result, test: Samples) -> Figure:
    """Predictions at begin, middle and end of training, on a few test frames."""
    frames, epochs = shown_frames(test), moments(result.epochs)
    figure = Figure(figsize=(2.5 * len(epochs), 2.5 * len(frames) + 0.75))
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.04, wspace=0.01, hspace=0.01)
    figure.suptitle(title, fontsize=10.5, fontweight="bold", x=0.01, ha="left")
    grid = figure.subplots(len(frames), len(epochs), squeeze=False)
    for column, epoch in enumerate(epochs):
        entry = result.history[epoch]
        name = "before training" if epoch == 0 else f"epoch {epoch}"
        grid[0, column].set_title(f"{name}, validation loss {entry.validation_loss:.3f}", fontsize=8)
        for axis, frame, points in zip(grid[:, column], frames, entry.shown, strict=True):
            _frame(axis, test, int(frame), np.reshape(points, (COUNT, 2)))
    names = [Landmark.AA1, Landmark.STJ1, Landmark.CP, Landmark.PT, Landmark.FE1]
    words = ["AA1, AA2", "STJ1, STJ2", "CP, CM, CD, CT", "PT", "FE1, FE2"]
    handles = [
        Line2D([], [], marker="o", linestyle="", color=_rgb(landmark), markeredgecolor="#333333", label=word)
        for landmark, word in zip(names, words, strict=True)
    ]
    for marker, word in (("o", "predicted"), ("+", "true")):
        handles.append(Line2D([], [], marker=marker, linestyle="", color="#555555", label=word))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=7,
        fontsize=7.5,
        handletextpad=0.1,
        columnspacing=1.2,
    )
    return figure


def accuracy_and_speed(rows: Sequence[Row]) -> Figure:
    """Bubbles: F1 and median error against prediction time; hollow where the extractor was frozen."""
    figure = Figure(figsize=(9.2, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    _bubbles(left, rows, [row.scores.f1_micro for row in rows])
    left.set(title="Presence", ylabel="F1 micro")
    left.set_ylim(top=min(left.get_ylim()[1], 1.01))
    _bubbles(right, rows, [row.scores.median_px for row in rows])
    right.set(title="Position of visible landmarks", ylabel="median error (px of 1,000)")
    right.set_ylim(bottom=0)
    colours = _colours(rows)
    handles = [
        Line2D([], [], marker="o", markersize=8, linestyle="", color=colour, label=name)
        for name, colour in colours.items()
    ]
    for fill, word in (("none", "frozen"), ("#555555", "fine-tuned or shipped")):
        ring = Line2D([], [], marker="o", markersize=8, linestyle="", color="#555555", label=word)
        ring.set_markerfacecolor(fill)
        handles.append(ring)
    for millions in (5, 50):
        size = math.sqrt(_BUBBLE * millions)
        word = f"{millions} M parameters"
        handles.append(Line2D([], [], marker="o", markersize=size, linestyle="", color="#cccccc", label=word))
    figure.legend(handles=handles, loc="outside right center", fontsize=8.5, labelspacing=0.9)
    return figure


def times(rows: Sequence[Row]) -> Figure:
    """Bars of the time of training and of the prediction for one frame."""
    figure = Figure(figsize=(9.2, 0.32 * len(rows) + 1.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    trained = [row.result.training_s if row.result else float("nan") for row in rows]
    _bars(left, rows, [value / 60 for value in trained], [duration(v) if v == v else "" for v in trained])
    left.set(title="Training", xlabel="minutes")
    predicted = [row.prediction_ms for row in rows]
    _bars(right, rows, predicted, [f"{value:.3g} ms" for value in predicted])
    right.set(title="Prediction for one frame", xlabel="ms")
    left.set_yticks(range(len(rows)), [row.title for row in rows])
    left.invert_yaxis()
    return figure


def moments(epochs: int) -> list[int]:
    """Begin, middle and end of a training; its begin is after the first epoch, if there are three or more."""
    first = 1 if epochs > 2 else 0
    return sorted({first, (first + epochs) // 2, epochs})


def _curves(axis: Axes, row: Row, result: Result) -> None:
    epochs = range(len(result.history))
    axis.plot(epochs, [e.training_loss for e in result.history], color="#999999", label="training")
    validation = [e.validation_loss for e in result.history]
    axis.plot(epochs, validation, color="#0072b2", label="validation")
    best = result.best_epoch
    axis.plot(
        best, validation[best], "o", color="#0072b2", fillstyle="none", markersize=7, label="weights kept"
    )
    axis.set_title(row.title, fontsize=9)
    axis.set_xlabel("epoch")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=2))
    axis.grid(axis="y")


def _frame(
    axis: Axes, test: Samples, frame: int, points: np.ndarray[tuple[int, int], np.dtype[np.float64]]
) -> None:
    side = test.images.shape[1]
    axis.imshow(test.images[frame], cmap="gray", vmin=0, vmax=255)
    for landmark in Landmark:
        if test.visible[frame, landmark] <= 0:
            continue
        colour = _rgb(landmark)
        truth, said = test.xy[frame, landmark], points[landmark] * side - 0.5
        axis.plot(*zip(truth, said, strict=True), color=colour, linewidth=0.8, alpha=0.8)
        axis.plot(*truth, "+", color=colour, markersize=7, markeredgewidth=1.5)
        axis.plot(*said, "o", color=colour, markersize=4.5, markeredgecolor="#222222", markeredgewidth=0.6)
    axis.set(xlim=(-0.5, side - 0.5), ylim=(side - 0.5, -0.5), xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set_visible(False)


def _bubbles(axis: Axes, rows: Sequence[Row], values: Sequence[float]) -> None:
    colours = _colours(rows)
    # Large ones first, so that none is hidden.
    for row, value in sorted(zip(rows, values, strict=True), key=lambda pair: -pair[0].parameters):
        colour = colours[_architecture(row)]
        axis.scatter(
            row.prediction_ms,
            value,
            s=max(_BUBBLE * row.parameters / 1e6, 22),
            facecolor="none" if row.kind is Kind.FROZEN else colour,
            edgecolor=colour,
            linewidth=1.8,
            alpha=0.85,
        )
    axis.set_xscale("log")
    axis.margins(0.16, 0.2)
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.xaxis.set_minor_formatter(NullFormatter())
    low, high = axis.get_xlim()
    axis.set_xticks([tick for tick in _ticks() if low <= tick <= high])
    axis.set_xlabel("prediction for one frame (ms)")
    axis.grid()


def _ticks() -> Iterator[float]:
    for power in range(-1, 5):
        yield from (digit * 10.0**power for digit in (1, 2, 5))


def _bars(axis: Axes, rows: Sequence[Row], values: Sequence[float], words: Sequence[str]) -> None:
    bars = axis.barh(
        range(len(rows)), np.nan_to_num(values), color=[_KINDS[row.kind] for row in rows], height=0.7
    )
    axis.bar_label(bars, words, padding=3, fontsize=8)
    axis.margins(x=0.28)
    axis.grid(axis="x")
    axis.tick_params(axis="y", length=0)


def _architecture(row: Row) -> str:
    """The title without what tells frozen from fine-tuned."""
    return row.title.removesuffix(f", {row.kind.value}")


def _colours(rows: Sequence[Row]) -> dict[str, str]:
    names = dict.fromkeys(_architecture(row) for row in rows if row.kind is not Kind.BUNDLE)
    colours = {name: _ARCHITECTURES[i % len(_ARCHITECTURES)] for i, name in enumerate(names)}
    bundles = [row.title for row in rows if row.kind is Kind.BUNDLE]
    return {**colours, **{title: _OURS[i % len(_OURS)] for i, title in enumerate(bundles)}}


def _rgb(landmark: Landmark) -> tuple[float, float, float]:
    red, green, blue = (channel / 255 for channel in COLOURS_RGB[landmark])
    return red, green, blue
