"""Textures that are attached to planes of the body: soft tissue, lung, cancellous bone, small bends."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from tavi_perception.simulation.view import FloatArray, View

Plane = NDArray[np.float32]

TILE = 512
"""Texels on a side of a periodic tile."""

_BEND = 3.0
"""Side of a texel of the field that bends shapes (mm)."""


def fractal(
    seed: int,
    finest: float,
    coarsest: float,
    slope: float = 1.0,
    stretch: float = 1.0,
    angle: float = 0.0,
    side: int = TILE,
) -> Plane:
    """A periodic (side, side) field of mean 0 and variance 1.

    Args:
        finest, coarsest: wavelengths (texels) between which it lives.
        slope: the amplitude falls with frequency to this power; at 1 every octave is equally strong.
        stretch, angle: structures are this much longer along ``angle`` (rad) than across it.
    """
    rng = np.random.default_rng(seed)
    gain = _gain(finest, coarsest, slope, stretch, angle, side)
    parts = rng.standard_normal((*gain.shape, 2), dtype=np.float32).view(np.complex64)[..., 0]
    field = fft.irfft2(parts * gain, s=(side, side))
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)


@lru_cache(maxsize=16)
def _gain(finest: float, coarsest: float, slope: float, stretch: float, angle: float, side: int) -> Plane:
    fy = fft.fftfreq(side)[:, None]
    fx = fft.rfftfreq(side)[None]
    along = fx * np.cos(angle) + fy * np.sin(angle)
    across = fy * np.cos(angle) - fx * np.sin(angle)
    f = np.sqrt((along * stretch) ** 2 + across**2) + 1e-9
    gain = f**-slope * np.exp(-((f * finest / 2) ** 2)) * (1 - np.exp(-((f * coarsest) ** 2)))
    return np.asarray(gain, dtype=np.float32)


def strands(seed: int, width: float, stretch: float, angle: float, share: float) -> Plane:
    """Thin bright strands (0…1) of about ``width`` texels that run along ``angle``, in patches.

    ``share`` (0…1) is the part of the area that has any.
    """
    lines = fractal(seed, width * 4, width * 22, 1.0, stretch, angle)
    patches = fractal(seed + 1, 30, 160, 1.0)
    ridge = np.exp(-np.square(lines / np.float32(0.35)))
    return np.asarray(ridge * np.clip(patches * 0.8 + 2 * share - 1, 0, 1), dtype=np.float32)


def onto(tile: Plane, view: View, side: int, origin: FloatArray, texel: float) -> Plane:
    """A tile as the view shows it when it lies in the frontal plane through ``origin`` (3,) mm.

    The tile repeats; ``texel`` is the side of a texel (mm); the result is (side, side) over the image.
    """
    span = texel * len(tile)
    corners = np.array([[0, 0], [span, 0], [span, span], [0, span]])
    points = origin + np.concatenate([corners, np.zeros((4, 1))], axis=1)
    step = view.geometry.image_width / side
    image = ((view.project(points) + 0.5) / step - 0.5).astype(np.float32)
    matrix = cv2.getPerspectiveTransform((corners / texel).astype(np.float32), image)
    shown = cv2.warpPerspective(
        tile, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
    )
    return np.asarray(shown, dtype=np.float32)


class Bend:
    """Bends shapes by about ``reach`` mm, so that none is perfect.

    ``finest`` (mm) is the shortest wavelength of the bends; ``side`` that of the planes (cells).
    """

    def __init__(
        self, view: View, side: int, seed: int, origin: FloatArray, reach: float, finest: float
    ) -> None:
        px = np.float32(reach * view.px_per_mm * side / view.geometry.image_width)
        dx, dy = (
            onto(fractal(seed + i, finest / _BEND, 45, 1.2, side=128), view, side, origin, _BEND) * px
            for i in (0, 1)
        )
        line = np.arange(side, dtype=np.float32)
        self._columns, self._rows = line[None] + dx, line[:, None] + dy

    def __call__(self, plane: Plane) -> Plane:
        """The bent (side, side) plane."""
        bent = cv2.remap(plane, self._columns, self._rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(bent, dtype=np.float32)
