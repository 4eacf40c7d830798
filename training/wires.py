"""A wire across a landmark, laid over training frames: pacing leads and guide wires cross every device."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.deposits import attenuated

# Sizes as shares of the image, whose side is some 170 mm. Unsourced, but for the widths.
_FRAMES = 0.25
"""Share of the frames with a landmark that get a wire."""

_BESIDE = 0.02
"""Standard deviation of the distance between landmark and wire, 3.4 mm."""

_LENGTH = 0.1, 0.8
_BEND = 0.25
"""Standard deviation of the sagitta, relative to the length."""

_WIDTH = 0.003, 0.013
"""0.5 to 2.2 mm: a guide wire of 0.018 inch to a pacing lead of 6 F."""

_DARK = 0.1, 0.9
"""Attenuation at the middle of the wire."""

_ELECTRODE = 0.3
"""Share of the wires that end in an electrode of 2 to 5 mm, twice as dark (unsourced)."""
_ELECTRODE_LENGTH = 0.012, 0.03

_BLUR = 0.001, 0.002

_FINE = 4
"""Parts of a pixel in which a wire is drawn."""


def crossed(
    image: NDArray[np.uint8], points: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """A grey image (s, s), at times with a wire beside or across one of the ``points`` (n, 2) px."""
    if not len(points) or rng.random() > _FRAMES:
        return image
    side = image.shape[0]
    near = rng.choice(points) + rng.normal(0, _BESIDE * side, 2)
    turn, length = rng.uniform(0, 2 * np.pi), side * np.exp(rng.uniform(*np.log(_LENGTH)))
    along = np.array([np.cos(turn), np.sin(turn)])
    across = np.array([-along[1], along[0]])
    # A parabola through the point, from a share before it to the rest behind it.
    before = rng.uniform(0.05, 0.95)
    place = np.linspace(-before, 1 - before, 65)
    sagitta = 4 * _BEND * rng.standard_normal() * (place * (place - (1 - 2 * before)))
    course = near + length * (place[:, None] * along + sagitta[:, None] * across)
    width = side * rng.uniform(*_WIDTH)
    dark = float(np.exp(rng.uniform(*np.log(_DARK))))
    levels = _drawn(course, width, image.shape) * dark
    if rng.random() < _ELECTRODE:
        count = max(2, round(64 * side * rng.uniform(*_ELECTRODE_LENGTH) / length))
        levels += _drawn(course[:count], width, image.shape) * dark
    return attenuated(image, levels, side * rng.uniform(*_BLUR))


def _drawn(course: NDArray[np.float64], width: float, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """1 on a line of ``width`` px through ``course`` (n, 2) px, smooth at its edges."""
    mask = np.zeros((shape[0] * _FINE, shape[1] * _FINE), np.uint8)
    points = np.round((course + 0.5) * _FINE).astype(np.int32)
    cv2.polylines(mask, [points], False, 255, max(1, round(width * _FINE)))
    return np.asarray(cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_AREA) / np.float32(255.0))
