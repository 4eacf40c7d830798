"""Many images in one picture, in rows, all at the same scale, each with its caption."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import Keypoints
from tavi_perception.landmarks import LINES, Landmark
from tavi_perception.visualization.canvas import Canvas, landmark_colour
from tavi_perception.visualization.text import Colour, put_text, text_size

_PAPER: Colour = (20, 20, 20)
_INK: Colour = (225, 225, 225)
_MARK = 9.0
"""Half the size of a landmark's cross, in thousandths of the tile."""
_LETTERS = (11, 30)
"""Smallest and largest letters (px)."""


def contact_sheet(
    images: Sequence[NDArray[Any]],
    captions: Sequence[str],
    *,
    tile: int = 320,
    columns: int = 6,
    keypoints: Sequence[Keypoints | None] = (),
) -> NDArray[np.uint8]:
    """Images in rows from left to right, each scaled to fit the same square, with its caption below.

    Args:
        images: (H, W) uint8 or uint16 grey, or (H, W, 3) uint8 BGR.
        captions: a line for each image; cut off where it is wider than its tile.
        tile: longer side of every image in the sheet (px).
        columns: tiles in a row, at most.
        keypoints: of each image, to draw its present landmarks; none are drawn where it is empty.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        ValueError: there are no images, or not as many captions or keypoints as images.
    """
    marks = tuple(keypoints) or (None,) * len(images)
    if not images or len(captions) != len(images) or len(marks) != len(images):
        raise ValueError(
            f"contact sheet: {len(images)} images, {len(captions)} captions, {len(marks)} keypoints; "
            "give one of each for every image"
        )
    gap, letters = max(2, tile // 80), min(max(tile // 24, _LETTERS[0]), _LETTERS[1])
    strip = text_size("Ag", letters)[1]
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    step = (tile + gap, tile + strip + gap)
    sheet: NDArray[np.uint8] = np.full((gap + rows * step[1], gap + columns * step[0], 3), _PAPER, np.uint8)
    for number, (image, caption, points) in enumerate(zip(images, captions, marks, strict=True)):
        left, top = gap + number % columns * step[0], gap + number // columns * step[1]
        picture = _tile(image, tile, points)
        height, width = picture.shape[:2]
        sheet[top : top + height, left : left + width] = picture
        put_text(sheet[:, : left + tile], caption, left, top + tile, letters, _INK)
    return sheet


def _tile(image: NDArray[Any], side: int, keypoints: Keypoints | None) -> NDArray[np.uint8]:
    """(h, w, 3) BGR of the image with its longer side scaled to ``side``, and its landmarks."""
    grey = np.asarray(image >> 8, np.uint8) if image.dtype == np.uint16 else image
    height, width = grey.shape[:2]
    factor = side / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    scaled = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    picture = np.asarray(cv2.cvtColor(scaled, cv2.COLOR_GRAY2BGR) if scaled.ndim == 2 else scaled, np.uint8)
    if keypoints is not None:
        _draw(Canvas(picture), keypoints, factor)
    return picture


def _draw(canvas: Canvas, keypoints: Keypoints, factor: float) -> None:
    """Lines and crosses of the landmarks that are present."""
    # The centre of a pixel stays the centre of the area that it becomes.
    xy = (keypoints.xy + 0.5) * factor - 0.5
    for first, second in LINES:
        if keypoints.present[[first, second]].all():
            canvas.polyline(xy[[first, second]], landmark_colour(first), canvas.width(1.5))
    arm = canvas.scaled(_MARK)
    for landmark in Landmark:
        if keypoints.present[landmark]:
            x, y = xy[landmark]
            strokes = [np.array([[x - arm, y], [x + arm, y]]), np.array([[x, y - arm], [x, y + arm]])]
            canvas.mark(strokes, landmark_colour(landmark), canvas.width(2.0))
