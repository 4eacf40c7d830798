"""Procedural anatomy behind the devices: lung, heart, spine, diaphragm, ribs and texture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

Plane = NDArray[np.float32]

_GRID = 256
"""Side of the grid on which smooth anatomy is computed; positions below are fractions of the image."""


def draw_anatomy(rng: np.random.Generator, size: int) -> Plane:
    """(size, size) transmitted signal 0…1 of a random chest around the heart."""
    y, x = np.mgrid[:_GRID, :_GRID].astype(np.float32) / _GRID
    x, y = _warped(rng, x, y)
    attenuation = 0.10 * _octaves(rng, _GRID, (2, 4, 8), 0.6)
    lung = _lung(rng, x, y)
    attenuation += rng.uniform(0.05, 0.35) * (1.0 - lung)
    attenuation += _spine(rng, x, y)
    attenuation += _diaphragm(rng, x, y)
    attenuation += _ribs(rng, x, y)
    texture = rng.uniform(0.02, 0.055) * _octaves(rng, _GRID, (12, 24, 48, 96), 0.75)
    attenuation += texture * (0.55 + 0.9 * lung)
    fine: Plane = np.asarray(
        cv2.resize(attenuation, (size, size), interpolation=cv2.INTER_CUBIC), dtype=np.float32
    )
    wisps = _wisps(rng, size // 2, rng.uniform(0.0, 0.05))
    fine += np.asarray(cv2.resize(wisps, (size, size), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
    return np.exp(-fine + float(fine.min())).astype(np.float32)


def _octaves(rng: np.random.Generator, size: int, cells: tuple[int, ...], gain: float) -> Plane:
    """Smooth noise of unit order: a sum of grids of normal numbers, coarse to fine."""
    total = np.zeros((size, size), dtype=np.float32)
    for index, count in enumerate(cells):
        grid = rng.standard_normal((count + 2, count + 2)).astype(np.float32)
        total += gain**index * cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
    return total


def _warped(rng: np.random.Generator, x: Plane, y: Plane) -> tuple[Plane, Plane]:
    """Coordinates bent a little, so that no border is a perfect curve."""
    bend = rng.uniform(0.005, 0.03)
    return x + bend * _octaves(rng, _GRID, (3, 6), 0.5), y + bend * _octaves(rng, _GRID, (3, 6), 0.5)


def _step(distance: Plane, width: float) -> Plane:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(distance / width, -30, 30))), dtype=np.float32)


def _lung(rng: np.random.Generator, x: Plane, y: Plane) -> Plane:
    """1 in lung, 0 in the mediastinum, which is an oblique band that widens downwards to the heart."""
    left = rng.uniform(-0.1, 0.32) - rng.uniform(-0.1, 0.2) * (y - 0.5)
    shoulder = rng.uniform(0.15, 0.5)
    right = rng.uniform(0.5, 0.75) + rng.uniform(0.2, 1.2) * np.maximum(y - shoulder, 0.0)
    sharp = rng.uniform(0.004, 0.02)
    return np.maximum(_step(left - x, 3 * sharp), _step(x - right, sharp))


def _spine(rng: np.random.Generator, x: Plane, y: Plane) -> Plane:
    """A column of vertebrae with dark end plates; sometimes outside the view."""
    centre = (
        rng.uniform(0.15, 0.75)
        + rng.uniform(-0.12, 0.12) * (y - 0.5)
        + rng.uniform(-0.15, 0.15) * (y - 0.5) ** 2
    )
    half, pitch = rng.uniform(0.09, 0.16), rng.uniform(0.10, 0.16)
    body = _step(np.asarray(half - np.abs(x - centre), dtype=np.float32), 0.012)
    across = (x - centre) / half
    arc = y + rng.uniform(-0.02, 0.02) * across**2 + rng.uniform(-0.06, 0.06) * across
    phase = np.mod(arc / pitch + rng.uniform(), 1.0)
    plates = np.exp(-(((phase - 0.12) / 0.045) ** 2)) + np.exp(-(((phase - 0.88) / 0.045) ** 2))
    disc = np.maximum(0.0, 1 - np.abs(phase - np.round(phase)) / 0.1)
    strength = rng.uniform(0.05, 0.38)
    lower = 1.0 + rng.uniform(0.0, 0.9) * _step(y - rng.uniform(0.4, 0.8), 0.06)
    detail = rng.uniform(0.02, 0.09) * plates - rng.uniform(0.0, 0.06) * disc
    walls = rng.uniform(0.0, 0.05) * np.exp(-(((np.abs(across) - 0.92) / 0.06) ** 2))
    return np.asarray(body * (strength * lower + detail) + walls, dtype=np.float32)


def _diaphragm(rng: np.random.Generator, x: Plane, y: Plane) -> Plane:
    top = rng.uniform(0.6, 1.3) + rng.uniform(0.2, 1.2) * (x - rng.uniform(0.1, 0.9)) ** 2
    return np.asarray(rng.uniform(0.1, 0.5) * _step(y - top, rng.uniform(0.004, 0.03)), dtype=np.float32)


def _ribs(rng: np.random.Generator, x: Plane, y: Plane) -> Plane:
    """Faint oblique bands with darker borders."""
    total = np.zeros_like(x)
    slope, pitch, half = rng.uniform(-0.6, 0.6), rng.uniform(0.12, 0.25), rng.uniform(0.02, 0.05)
    curve = y + slope * (x - 0.5) + rng.uniform(-0.5, 0.5) * (x - 0.5) ** 2
    offset = np.mod(curve + rng.uniform() * pitch, pitch) - pitch / 2
    total += _step(half - np.abs(offset), 0.004) * rng.uniform(0.0, 0.07)
    total += np.exp(-(((np.abs(offset) - half) / 0.006) ** 2)) * rng.uniform(0.0, 0.05)
    return total


def _wisps(rng: np.random.Generator, size: int, strength: float) -> Plane:
    """Thin bright and dark wisps (vessel walls, calcium, fat planes) as blurred random curves."""
    mask = np.full((size, size), 128, dtype=np.uint8)
    for _ in range(int(rng.integers(6, 30))):
        knots = rng.uniform(-0.1, 1.1, (1, 2)) + np.cumsum(rng.normal(0, 0.09, (5, 2)), axis=0)
        curve = CubicSpline(np.arange(5), knots)(np.linspace(0, 4, 24)) * size
        width = max(1, round(rng.uniform(2, 14) * size / 1000))
        level = int(128 + rng.uniform(-110, 110))
        cv2.polylines(mask, [np.round(curve * 16).astype(np.int32)], False, level, width, cv2.LINE_AA, 4)
    blurred = cv2.GaussianBlur(mask, (0, 0), rng.uniform(1.5, 4.0) * size / 1000)
    return ((blurred.astype(np.float32) - 128.0) / 110.0) * np.float32(strength)
