"""What rows of a figure over time are made of, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

T = TypeVar("T")

GREEN, RED, BLUE, AMBER, GREY = "#22a060", "#cd3030", "#3b82c4", "#d98e04", "#8a8f98"

INK, FAINT = "#010203", "#040506"
"""Stand for the page's text and line colours; replaced by its CSS variables."""

LEGEND: dict[str, Any] = {
    "ncols": 5,
    "loc": "lower right",
    "bbox_to_anchor": (1.0, 0.97),
    "borderpad": 0,
    "columnspacing": 1.2,
    "handlelength": 1.5,
}
"""In the line of the row's title, at its end."""


@dataclass(frozen=True)
class Row(Generic[T]):
    """One row: its title, its height (inch), whether there is anything to show, and how to show it."""

    title: str
    height: Callable[[T], float]
    shown: Callable[[T], bool]
    draw: Callable[[Axes, T], None]


def strip(
    axis: Axes,
    row: float,
    edges: NDArray[np.float64],
    colours: Sequence[str | None],
    height: float = 0.7,
) -> None:
    """Runs of one colour as bars between ``edges`` (N + 1, s); None leaves the time empty."""
    first = 0
    for index in range(1, len(colours) + 1):
        if index == len(colours) or colours[index] != colours[first]:
            if colours[first] is not None:
                span = (edges[first], edges[index] - edges[first])
                axis.broken_barh([span], (row - height / 2, height), color=colours[first], linewidth=0)
            first = index


def name_rows(axis: Axes, names: Sequence[str]) -> None:
    """Rows of strips, the first on top."""
    axis.set_yticks(np.arange(len(names)), names)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)


def legend_of_patches(axis: Axes, entries: Sequence[tuple[str, str]]) -> None:
    """What each colour means: names and colours."""
    for name, colour in entries:
        axis.fill_between([], [], color=colour, label=name)
    if entries:
        axis.legend(**LEGEND)
