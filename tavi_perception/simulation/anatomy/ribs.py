"""Ribs: curved flat bands around the chest with a darker cortex."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.anatomy.solids import Grid, Plane
from tavi_perception.simulation.view import FloatArray, unit

_FULL = 0.5
"""Attenuation at level 255 of the 8-bit mask."""
_SECTIONS = 20


@dataclass(frozen=True)
class Rib:
    """Centre line (n, 3) mm, half height (mm), attenuation of middle and edges at right angles."""

    line: FloatArray
    half: float
    middle: float
    edge: float


def draw_ribs(
    rng: np.random.Generator, bodies: FloatArray, chest: FloatArray, size: float
) -> tuple[Rib, ...]:
    """Both sides' ribs from the vertebral bodies (n, 3) mm.

    ``chest`` (3,) mm: half width, half depth and the z of the middle of the ring they form.
    """
    half_width, half_depth, z = chest
    slope, bow = rng.uniform(60, 120) * size, rng.uniform(0.75, 1.0)
    middle, edge = rng.uniform(0.02, 0.05), rng.uniform(0.015, 0.05)
    ribs = []
    for body in bodies:
        for side in (-1.0, 1.0):
            start = rng.uniform(0.11, 0.15)
            phi = np.linspace(start, rng.uniform(2.5, 2.75), 40)
            fall = slope * rng.uniform(0.9, 1.1) * ((phi - start) / 2.4) ** bow - 6 * np.sin(2 * phi)
            line = np.stack(
                [
                    body[0] + side * half_width * np.sin(phi),
                    body[1] - 12 + fall + rng.normal(0, 3.0),
                    z - half_depth * np.cos(phi),
                ],
                axis=-1,
            )
            ribs.append(Rib(line, rng.uniform(3.8, 6.2) * size, middle, edge * rng.uniform(0.6, 1.3)))
    return tuple(ribs)


def add_ribs(plane: Plane, grid: Grid, ribs: tuple[Rib, ...], contrast: float) -> None:
    """Add the ribs' attenuation to a plane (side, side)."""
    total = np.zeros_like(plane)
    for side in range(4):  # Neighbours on separate masks, so that overlaps add up.
        mask = np.zeros(plane.shape, dtype=np.uint8)
        for rib in ribs[side::4]:
            _paint(mask, grid, rib, contrast)
        total += mask
    plane += cv2.GaussianBlur(total, (0, 0), max(0.5 * grid.mm, 0.4)) * np.float32(_FULL / 255)


def _paint(mask: NDArray[np.uint8], grid: Grid, rib: Rib, contrast: float) -> None:
    up = np.array([0.0, rib.half, 0.0])
    upper, lower = grid.project(rib.line - up), grid.project(rib.line + up)
    inside = np.abs(upper - grid.side / 2).max(axis=1) < grid.side / 2 + 40
    tangents = unit(np.gradient(rib.line, axis=0))
    sine = np.sqrt(1 - np.minimum((tangents @ grid.view.beam) ** 2, 0.999))
    step = len(rib.line) // _SECTIONS
    pen = max(1, round(1.3 * grid.mm))
    for first in range(0, len(rib.line) - 1, step):
        part = slice(first, first + step + 1)
        if not inside[part].any():
            continue
        thick = contrast * min(1.0 / float(sine[part].mean()), 3.0)
        outline = np.concatenate([upper[part], lower[part][::-1]])
        thick *= min(
            1.0, 2.6 * (1 - first / len(rib.line)) ** 1.5, 0.3 + 0.1 * first
        )  # Cartilage takes over.
        level = _level(rib.middle * thick)
        cv2.fillPoly(mask, [_fixed(outline)], level, cv2.LINE_AA, 4)
        strength = _level((rib.middle + rib.edge) * thick)
        for edge in (upper[part], lower[part]):
            cv2.polylines(mask, [_fixed(edge)], False, strength, pen, cv2.LINE_AA, 4)


def _fixed(points: FloatArray) -> NDArray[np.int32]:
    return np.round(np.clip(points, -4000, 4000) * 16).astype(np.int32)


def _level(attenuation: float) -> int:
    return int(np.clip(round(attenuation / _FULL * 255), 0, 255))
