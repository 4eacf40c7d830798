"""Quantum and electronic noise: fields of unit variance with the correlation of the detector."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.patient import REFERENCE_SIZE

_CENTRE = 0.98
"""Middle of the detector's 3×3 kernel (Wang, Med Phys 2014)."""


@dataclass(frozen=True)
class Grain:
    """Noise of the signal s (1 at the set point): variance (s + electronic² / quanta) / quanta / reduction².

    Attributes:
        quanta: detected quanta per px where the signal is 1 (px at a side of 1000; see ``_field``).
        reduction: factor by which the system's spatial and temporal filters lower the noise.
        electronic: standard deviation of the electronics (quanta).
        neighbour, diagonal: the detector's 3×3 kernel beside and across its centre 0.98.
        smoothing: Gaussian sigma by which the noise reduction correlates it (px at a side of 1000).
    """

    quanta: float
    reduction: float
    electronic: float
    neighbour: float
    diagonal: float
    smoothing: float

    @property
    def kernel(self) -> NDArray[np.float32]:
        """(3, 3) correlation kernel of the detector."""
        n, d = self.neighbour, self.diagonal
        return np.array([[d, n, d], [n, _CENTRE, n], [d, n, d]], dtype=np.float32)


class NoiseFields:
    """Fields of unit variance at a side of 1000 px, made once; each frame cuts its window out of one."""

    def __init__(self, rng: np.random.Generator, grain: Grain, size: int, count: int) -> None:
        self._size = size
        self._fields = [_field(rng, grain, size) for _ in range(count)]
        self._flipped = np.empty((size, size), dtype=np.float32)

    def cut(self, moment: np.random.Generator) -> NDArray[np.float32]:
        """(size, size) noise: random field, offset and flip; valid until the next call."""
        which, flip = moment.integers(len(self._fields)), int(moment.integers(-1, 3))
        field = self._fields[int(which)]
        top, left = moment.integers(0, field.shape[0] - self._size + 1, 2)
        window = field[top : top + self._size, left : left + self._size]
        if flip > 1:
            return window
        return np.asarray(cv2.flip(window, flip, dst=self._flipped), dtype=np.float32)


def _field(rng: np.random.Generator, grain: Grain, size: int) -> NDArray[np.float32]:
    """A field somewhat larger than the image.

    The dose is that of an area, whatever its number of pixels: the pixels of a smaller matrix are those of
    the detector, binned, and their noise is lower.
    """
    side = size + max(8, size // 8)
    binning = max(1.0, REFERENCE_SIZE / size)
    fine = round(side * binning)
    field = rng.standard_normal((fine, fine), dtype=np.float32)
    field = np.asarray(cv2.filter2D(field, -1, grain.kernel), dtype=np.float32)
    sigma = grain.smoothing * max(1.0, size / REFERENCE_SIZE)
    if sigma > 0.2:
        field = np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), dtype=np.float32)
    field /= field.std()
    return np.asarray(cv2.resize(field, (side, side), interpolation=cv2.INTER_AREA), dtype=np.float32)
