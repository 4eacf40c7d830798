"""Sub-pixel lines, marks and areas on an image; marks have a dark edge that keeps them legible anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import COLOURS_RGB, Landmark
from tavi_perception.visualization.text import Colour

FloatArray = NDArray[np.float64]

EDGE: Colour = (24, 24, 24)
_SHIFT = 4
_FAR = 4.0
"""Points further outside than this many image sizes are not drawn: OpenCV's coordinates would overflow."""


@dataclass(frozen=True)
class Canvas:
    """A (H, W, 3) uint8 BGR image that is drawn on in place; positions are (x, y) px."""

    image: NDArray[np.uint8]

    @property
    def size(self) -> float:
        """The shorter side (px), which everything drawn is scaled by."""
        return float(min(self.image.shape[:2]))

    def scaled(self, thousandths: float) -> float:
        """Length in px of so many thousandths of the shorter side."""
        return thousandths * self.size / 1000.0

    def width(self, thousandths: float) -> int:
        """A line width in whole px, at least 1."""
        return max(1, round(self.scaled(thousandths)))

    def polyline(self, points: FloatArray, colour: Colour, width: int, *, closed: bool = False) -> None:
        """A line through points (N, 2); nothing when one of them is unknown."""
        if self._drawable(points):
            fixed = [self._fixed(points).reshape(-1, 1, 2)]
            cv2.polylines(self.image, fixed, closed, colour, width, cv2.LINE_AA, _SHIFT)

    def mark(self, strokes: Sequence[FloatArray], colour: Colour, width: int) -> None:
        """A sign of several strokes (N, 2), with a dark edge."""
        if not all(self._drawable(stroke) for stroke in strokes):
            return
        fixed = [self._fixed(stroke).reshape(-1, 1, 2) for stroke in strokes]
        cv2.polylines(self.image, fixed, False, EDGE, width + 2, cv2.LINE_AA, _SHIFT)
        cv2.polylines(self.image, fixed, False, colour, width, cv2.LINE_AA, _SHIFT)

    def dashes(self, start: FloatArray, end: FloatArray, colour: Colour, width: int) -> None:
        """A dashed straight line."""
        if not self._drawable(np.stack([start, end])):
            return
        count = max(1, round(float(np.linalg.norm(end - start)) / (2 * self.scaled(7))))
        marks = np.linspace(0.0, 1.0, 2 * count + 1)[:-1].reshape(-1, 2)
        pieces = start + marks[..., None] * (end - start)
        fixed = [self._fixed(piece).reshape(-1, 1, 2) for piece in pieces]
        cv2.polylines(self.image, fixed, False, colour, width, cv2.LINE_AA, _SHIFT)

    def area(self, corners: FloatArray, colour: Colour, opacity: float) -> None:
        """A translucent convex area."""
        if not self._drawable(corners):
            return
        height, width = self.image.shape[:2]
        left, top = np.clip(np.floor(corners.min(axis=0)), 0, (width, height)).astype(int)
        right, bottom = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, (width, height)).astype(int)
        if left >= right or top >= bottom:
            return
        region = self.image[top:bottom, left:right]
        painted = region.copy()
        cv2.fillConvexPoly(painted, self._fixed(corners - (left, top)), colour, cv2.LINE_AA, _SHIFT)
        cv2.addWeighted(painted, opacity, region, 1.0 - opacity, 0.0, dst=region)

    def darken(self, box: Sequence[int], remaining: float) -> None:
        """Darkens the box (left, top, right, bottom) to a share of its brightness."""
        left, top, right, bottom = box
        region = self.image[max(top, 0) : bottom, max(left, 0) : right]
        if region.size:
            region[:] = cv2.convertScaleAbs(region, alpha=remaining)

    def fill(self, box: Sequence[int], colour: Colour) -> None:
        """Fills the box (left, top, right, bottom)."""
        left, top, right, bottom = box
        self.image[max(top, 0) : bottom, max(left, 0) : right] = colour

    def _drawable(self, points: FloatArray) -> bool:
        reach = _FAR * max(self.image.shape[:2])
        return bool(np.all(np.abs(points) < reach))

    def _fixed(self, points: FloatArray) -> NDArray[np.int32]:
        return np.asarray(np.round(points * (1 << _SHIFT)), dtype=np.int32)


def landmark_colour(landmark: Landmark) -> Colour:
    """The colour in which a landmark is drawn."""
    red, green, blue = COLOURS_RGB[landmark]
    return blue, green, red
