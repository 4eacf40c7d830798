"""Where the names of points go so that they hide neither each other nor what they name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_DIRECTIONS = np.array(
    [(1, 0), (-1, 0), (0.75, -1), (0.75, 1), (-0.75, -1), (-0.75, 1), (0, -1), (0, 1)], dtype=np.float64
)
"""Sides of a point on which its name may stand, best first."""
_DISTANCES = (1.0, 2.0)
_PER_RANK = 0.2
_PER_OVERLAP = 40.0


def place_labels(
    anchors: FloatArray,
    sizes: Sequence[tuple[int, int]],
    obstacles: FloatArray,
    blocked: Sequence[tuple[float, float, float, float]],
    bounds: tuple[int, int],
    gap: float,
) -> list[tuple[int, int]]:
    """Top left corners of labels.

    Args:
        anchors: (N, 2) named points (px).
        sizes: width and height of each label (px).
        obstacles: (M, 2) points that labels should not hide (px).
        blocked: boxes (left, top, right, bottom) that labels must not touch (px).
        bounds: width and height of the image (px).
        gap: distance between a point and its label (px).
    """
    candidates = _candidates(anchors, np.array(sizes, dtype=np.float64), gap)
    costs = np.arange(candidates.shape[1]) * _PER_RANK + _hidden(candidates, obstacles)
    costs = costs + _PER_OVERLAP * (_outside(candidates, bounds) + _overlaps(candidates, np.array(blocked)))
    placed: list[tuple[int, int]] = []
    for own in range(len(anchors)):
        best = candidates[own, int(np.argmin(costs[own]))]
        costs += _PER_OVERLAP * _overlaps(candidates, best[None])
        placed.append((round(best[0]), round(best[1])))
    return placed


def _candidates(anchors: FloatArray, sizes: FloatArray, gap: float) -> FloatArray:
    """(N, 16, 4) boxes around each point, best first."""
    half = sizes[:, None] / 2.0
    centres = np.concatenate(
        [anchors[:, None] + _DIRECTIONS * (half + gap * distance) for distance in _DISTANCES], axis=1
    )
    return np.concatenate([centres - half, centres + half], axis=2)


def _hidden(candidates: FloatArray, obstacles: FloatArray) -> FloatArray:
    """(N, 16) number of obstacles inside each box."""
    x, y = obstacles[:, 0], obstacles[:, 1]
    left, top, right, bottom = np.moveaxis(candidates, -1, 0)[..., None]
    return np.asarray(((x > left) & (x < right) & (y > top) & (y < bottom)).sum(axis=-1), dtype=np.float64)


def _overlaps(candidates: FloatArray, boxes: FloatArray) -> FloatArray:
    """(N, 16) number of the boxes (M, 4) that each candidate touches."""
    left, top, right, bottom = np.moveaxis(candidates, -1, 0)[..., None]
    touching = (left < boxes[:, 2]) & (right > boxes[:, 0]) & (top < boxes[:, 3]) & (bottom > boxes[:, 1])
    return np.asarray(touching.sum(axis=-1), dtype=np.float64)


def _outside(candidates: FloatArray, bounds: tuple[int, int]) -> FloatArray:
    """(N, 16) 1 where a box leaves the image."""
    left, top, right, bottom = np.moveaxis(candidates, -1, 0)
    out = (left < 0) | (top < 0) | (right > bounds[0]) | (bottom > bounds[1])
    return np.asarray(out, dtype=np.float64)
