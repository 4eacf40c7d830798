"""Names of landmarks in two columns beside a picture, joined to their places by leader lines."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from tavi_perception.estimates import FloatArray
from tavi_perception.landmarks import Landmark
from tavi_perception.visualization.canvas import EDGE, Canvas, landmark_colour
from tavi_perception.visualization.text import Colour, put_text, text_size

_LEFT = (Landmark.AA1, Landmark.STJ1, Landmark.CD, Landmark.PT, Landmark.FE1)
"""Landmarks whose names stand in the left column, the others in the right one."""

_LINE: Colour = (235, 235, 235)
_INK: Colour = (222, 220, 218)
_DOT = 8.0
"""Radius of the dot on a landmark, in thousandths of the picture."""


def draw_callouts(
    canvas: Canvas, xy: FloatArray, columns: tuple[float, float], size: int, told: Mapping[Landmark, str]
) -> None:
    """Draws a dot on each known landmark, and its name beside the picture.

    Args:
        canvas: is drawn on.
        xy: (11, 2) px of the landmarks, NaN where unknown.
        columns: x (px) at which names end on the left, and begin on the right.
        size: of the letters (px).
        told: what is written below a name, in smaller letters; may be empty.
    """
    known = [landmark for landmark in Landmark if np.isfinite(xy[landmark]).all()]
    height = text_size("Ag", size, bold=True)[1]
    step = 1.75 * height if told else 1.05 * height
    for column, left in zip(columns, (True, False), strict=True):
        shown = sorted((x for x in known if (x in _LEFT) is left), key=lambda x: float(xy[x, 1]))
        rows = _spread([float(xy[landmark, 1]) for landmark in shown], step, canvas.image.shape[0] - step)
        for landmark, row in zip(shown, rows, strict=True):
            canvas.polyline(np.array([(column, row), xy[landmark]]), _LINE, canvas.width(1.6))
            _write(canvas, landmark, told.get(landmark, ""), (column, row), left, size)
    for landmark in known:
        _dot(canvas, xy[landmark], landmark_colour(landmark))


def _write(
    canvas: Canvas, landmark: Landmark, told: str, place: tuple[float, float], left: bool, size: int
) -> None:
    """The name at the height of the end of its leader line, what is told below it."""
    top = place[1] - text_size("Ag", size, bold=True)[1] / 2
    lines = [(landmark.name, size, landmark_colour(landmark), True), (told, round(0.8 * size), _INK, False)]
    for text, letters, colour, bold in lines:
        width, height = text_size(text, letters, bold=bold)
        x = place[0] - width if left else place[0]
        put_text(canvas.image, text, round(x), round(top), letters, colour, bold=bold)
        top += 0.78 * height


def _spread(rows: list[float], step: float, lowest: float) -> list[float]:
    """Ascending ``rows`` moved until they are a ``step`` apart and none is below ``lowest`` (px)."""
    spread: list[float] = []
    for row in rows:
        spread.append(max(row, spread[-1] + step) if spread else max(row, step / 2))
    limit = lowest
    for index in reversed(range(len(spread))):
        spread[index] = min(spread[index], limit)
        limit = spread[index] - step
    return spread


def _dot(canvas: Canvas, place: FloatArray, colour: Colour) -> None:
    centre, radius = np.round(place * 16).astype(int).tolist(), canvas.scaled(_DOT)
    for grown, painted in ((canvas.scaled(3.5), EDGE), (0.0, colour)):
        cv2.circle(canvas.image, centre, round(16 * (radius + grown)), painted, -1, cv2.LINE_AA, 4)
