"""Painting device shadows: strokes, ribbons and shapes that add attenuation to a canvas."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.view import FloatArray

IntArray = NDArray[np.int64]

LEVEL = 0.005
"""Attenuation (log units of the detected signal) of one level of the 8-bit canvas."""

_SHIFT = 4
"""Fractional bits of OpenCV's fixed-point coordinates."""

EDGE = 0.62
"""How far (px) OpenCV's antialiased polygons reach beyond their outline, at any angle and size (measured)."""


class Layer:
    """An 8-bit mask on which later strokes replace earlier ones; added to a canvas as a whole."""

    def __init__(self, size: int) -> None:
        self.mask = np.zeros((size, size), dtype=np.uint8)
        self._low = np.array([size, size])
        self._high = np.zeros(2, dtype=np.int64)

    def stroke(self, points: FloatArray, width: float, attenuation: float) -> None:
        """A line of ``width`` px along (n, 2) points; thinner than one px it is fainter instead."""
        thickness = max(1, round(width))
        value = attenuation * min(1.0, width / thickness)
        self._touch(points, width)
        cv2.polylines(self.mask, [_fixed(points)], False, _level(value), thickness, cv2.LINE_AA, _SHIFT)

    def tube(self, points: FloatArray, width: float, wall: float, lumen: float) -> None:
        """A hollow catheter of ``width`` px: dark walls and a lighter lumen (attenuations)."""
        self.stroke(points, width, wall)
        if width >= 3:
            self.stroke(points, width * 0.45, lumen)

    def ribbons(
        self, counts: IntArray, centre: FloatArray, across: FloatArray, left: FloatArray, right: FloatArray,
        attenuations: Sequence[float],
    ) -> None:  # fmt: skip
        """Areas between the offsets ``left`` ≤ ``right`` (n,) px of centre lines, one after the other.

        An area narrower than what OpenCV paints at least is fainter instead.

        Args:
            counts: (k,) points of each, at least 2; n altogether.
            centre: (n, 2) px. across: (n, 2) unit vectors along which the offsets are measured.
            attenuations: of each.
        """
        ends = np.cumsum(counts)
        first, last = ends - counts, ends - 1
        middle, half = (left + right) / 2, (right - left) / 2
        inner = np.maximum(half - EDGE, 0.0)
        centre = centre.copy()
        begin, finish = (_unit(centre[at + 1] - centre[at]) for at in (first, last - 1))
        centre[first] += EDGE * begin
        centre[last] -= EDGE * finish
        sides = [centre + across * (middle + sign * inner)[:, None] for sign in (-1.0, 1.0)]
        self._touch(np.concatenate(sides), 1.0)
        near, far = (_fixed(side) for side in sides)
        shares = np.minimum(1.0, np.add.reduceat(half, first) / counts / EDGE)
        for start, end, share, attenuation in zip(first, ends, shares, attenuations, strict=True):
            outline = np.concatenate([near[start:end], far[start:end][::-1]])
            cv2.fillPoly(self.mask, [outline], _level(attenuation * share), cv2.LINE_AA, _SHIFT)

    def polygon(self, outline: FloatArray, attenuation: float) -> None:
        self._touch(outline, 1.0)
        cv2.fillPoly(self.mask, [_fixed(outline)], _level(attenuation), cv2.LINE_AA, _SHIFT)

    def lines(self, lines: Sequence[FloatArray], width: float, attenuation: float) -> None:
        """Many strokes of the same kind."""
        thickness = max(1, round(width))
        value = attenuation * min(1.0, width / thickness)
        self._touch(np.concatenate(lines), width)
        fixed = [_fixed(line) for line in lines]
        cv2.polylines(self.mask, fixed, False, _level(value), thickness, cv2.LINE_AA, _SHIFT)

    def add_to(self, canvas: NDArray[np.uint8]) -> None:
        """Add this layer to a canvas of the same size (saturating), then clear it."""
        low = np.clip(self._low, 0, canvas.shape[0])
        high = np.clip(self._high, 0, canvas.shape[0])
        if (high > low).all():
            region = np.s_[low[1] : high[1], low[0] : high[0]]
            cv2.add(canvas[region], self.mask[region], dst=canvas[region])
            self.mask[region] = 0
        self._low[:], self._high[:] = canvas.shape[0], 0

    def _touch(self, points: FloatArray, margin: float) -> None:
        reach = margin / 2 + 3
        self._low = np.minimum(self._low, np.floor(points.min(axis=0) - reach).astype(np.int64))
        self._high = np.maximum(self._high, np.ceil(points.max(axis=0) + reach).astype(np.int64))


def _unit(vectors: FloatArray) -> FloatArray:
    """(n, 2) vectors of length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))


def _level(attenuation: float) -> int:
    return min(max(round(attenuation / LEVEL), 0), 255)


def _fixed(points: FloatArray) -> NDArray[np.int32]:
    return np.round(np.clip(points, -4000, 4000) * (1 << _SHIFT)).astype(np.int32)
