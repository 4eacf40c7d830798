"""The vessels of the lungs: branching trees from the hila, dark dots where they run along the beam."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.anatomy.solids import Grid, Plane, Solid
from tavi_perception.simulation.view import FloatArray, unit

_FULL = 0.4
"""Attenuation at level 255 of the 8-bit mask."""
_LAYERS = 3


@dataclass(frozen=True)
class Vessels:
    """Short straight pieces: from, to (n, 3) mm, diameter (n,) mm and number of their branch (n,)."""

    starts: FloatArray
    ends: FloatArray
    widths: FloatArray
    branches: NDArray[np.int64]


def draw_vessels(rng: np.random.Generator, lung: Solid, hilum: FloatArray) -> Vessels:
    """A tree that fills ``lung`` from ``hilum`` (3,) mm."""
    count = 14
    heads = unit(rng.normal(0, 1, (count, 3)) * np.array([0.8, 1.1, 0.8]) + 0.9 * unit(lung.centre - hilum))
    points = hilum + rng.normal(0, 15, (count, 3)) * np.array([0.6, 1.4, 1.0])
    widths = rng.uniform(5.0, 10.0, count)
    parts = []
    for depth in range(6):
        branches = np.arange(len(points))
        for _ in range(4):
            heads = unit(heads + rng.normal(0, 0.17, heads.shape))
            step = (rng.uniform(3.0, 7.5, len(heads)) * 0.93**depth)[:, None]
            parts.append((points, points + heads * step, widths, branches))
            points, widths = points + heads * step, widths * 0.97
        inside = np.linalg.norm((points - lung.centre) @ lung.axes.T / lung.radii, axis=1) < 0.97
        points, heads, widths = points[inside], heads[inside], widths[inside]
        fork = unit(np.cross(heads, rng.normal(0, 1, heads.shape)))
        share = rng.uniform(0.3, 0.75, len(heads))
        turn = rng.uniform(0.35, 0.95, len(heads))[:, None]
        heads = np.concatenate([unit(heads + fork * turn * 0.6), unit(heads - fork * turn)])
        widths = np.concatenate([widths * (1 - share * 0.35), widths * (0.35 + share * 0.5)])
        points = np.concatenate([points, points])
    return Vessels(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def add_vessels(plane: Plane, grid: Grid, vessels: Vessels, attenuation: float) -> None:
    """Add the vessels' attenuation (1/mm of path) to a plane (side, side)."""
    starts, ends = grid.project(vessels.starts), grid.project(vessels.ends)
    seen = ((ends > -20) & (ends < grid.side + 20)).all(axis=1) & (vessels.widths > 0.7)
    heads = unit(vessels.ends - vessels.starts)
    sine = np.sqrt(1 - np.minimum((heads @ grid.view.beam) ** 2, 0.96))
    value = attenuation * 2 * np.sqrt(vessels.widths) * np.minimum(1 / sine, 3.5)
    pens = np.maximum(vessels.widths * grid.mm, 0.3)
    levels = np.clip(value * np.minimum(pens, 1.0) / _FULL * 255, 0, 255).round().astype(int)
    lines = np.round(np.stack([starts, ends], axis=1) * 16).astype(np.int32)
    masks = [np.zeros(plane.shape, dtype=np.uint8) for _ in range(_LAYERS)]
    for index in np.flatnonzero(seen & (levels > 0)):
        pen = max(1, round(pens[index] * 0.9))
        mask = masks[vessels.branches[index] % _LAYERS]
        cv2.line(mask, lines[index, 0], lines[index, 1], int(levels[index]), pen, cv2.LINE_AA, 4)
    total = np.zeros_like(plane)
    for mask in masks:
        total += mask
    plane += cv2.GaussianBlur(total, (0, 0), max(0.55 * grid.mm, 0.4)) * np.float32(_FULL / 255)
