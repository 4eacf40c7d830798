"""How figures of data sets and of evaluations look, and how they are written."""

from __future__ import annotations

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from tavi_perception.output import writing

STYLE = {
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}
DPI = 150
INK, EDGE = "#222222", "#444444"


def save(figure: Figure, file: Path) -> None:
    """Write ``figure`` as PNG, the same bytes for the same figure."""
    with matplotlib.rc_context(STYLE), writing(file):
        figure.savefig(file, dpi=DPI, metadata={"Software": None})
