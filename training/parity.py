"""Whether the files of a bundle answer as each other do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tavi_perception.inference.bundle import ModelBundle
from tavi_perception.inference.predictor import Predictor

PARITY_PX = 0.1
"""Largest difference of a coordinate between TensorFlow and LiteRT (input px), and the median one between
LiteRT in float32 and with 8 bits."""


class ExportError(Exception):
    """The exported files do not answer as the trained model does."""


def check_parity(bundle: ModelBundle, images: NDArray[np.uint8]) -> None:
    """Raises:
    ExportError: TensorFlow and LiteRT answer images (n, h, w) uint8 differently.
    """
    difference = parity(bundle, images)
    if not difference <= PARITY_PX:
        raise ExportError(f"TensorFlow and LiteRT differ by {difference:.3f} px, more than {PARITY_PX} px")


def parity(bundle: ModelBundle, images: NDArray[np.uint8]) -> float:
    """Largest difference (px) of the coordinates from TensorFlow and LiteRT for images (n, h, w) uint8.

    Landmarks that only one of them finds present count as infinitely far apart.
    """
    return float(_apart(bundle, ("tensorflow", "litert"), images).max(initial=0.0))


def shift(bundle: ModelBundle, images: NDArray[np.uint8]) -> float:
    """By how much (px) the median landmark of images (n, h, w) uint8 lies elsewhere with 8 bits."""
    apart = _apart(bundle, ("litert", "litert-int8"), images)
    return float(np.median(apart)) if apart.size else 0.0


def _apart(bundle: ModelBundle, runtimes: Sequence[str], images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(n,) larger difference (px) of the coordinates of what either runtime finds; inf if one alone."""
    one, other = (Predictor(bundle, runtime) for runtime in runtimes)
    found = []
    for image in images:
        first, second = one.predict(image), other.predict(image)
        apart = np.abs(first.xy - second.xy).max(axis=1)[first.present | second.present]
        found.append(np.where(np.isnan(apart), np.inf, apart))
    return np.concatenate(found)
