"""Calcium beside inflow edge and hinge points, laid over training frames: it is none of them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Sizes as shares of the image, whose side is some 170 mm. Unsourced: about those of the simulator's deposits.
_FRAMES, _CORNERS = 0.7, 0.7
"""Share of the frames with such points, and of these, that get deposits."""

_REACH = 0.004, 0.035
"""From a point to the middle of its deposits: 0.7 to 6 mm."""

_SPREAD = 0.008
"""Standard deviation of a deposit's place about that."""

_RADIUS = 0.002, 0.009

_MOST = 7
"""Deposits at a point; two at least."""

_DARK = 0.05, 0.45
"""Attenuation of a point's deposits, each 0.4 to 1.2 times as dark."""

_BLUR = 0.001, 0.002


def calcified(
    image: NDArray[np.uint8], points: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """A grey image (s, s), at times with deposits beside some of the ``points`` (n, 2) px."""
    if not len(points) or rng.random() > _FRAMES:
        return image
    side = image.shape[0]
    levels = np.zeros(image.shape, np.float32)
    for point in points:
        if rng.random() > _CORNERS:
            continue
        turn, reach = rng.uniform(0, 2 * np.pi), side * rng.uniform(*_REACH)
        middle = point + reach * np.array([np.cos(turn), np.sin(turn)])
        dark = float(np.exp(rng.uniform(*np.log(_DARK))))
        for _ in range(int(rng.integers(2, _MOST + 1))):
            place = middle + rng.normal(0, _SPREAD * side, 2)
            axes = 2 * side * rng.uniform(*_RADIUS, 2)
            lump = np.zeros_like(levels)
            cv2.ellipse(lump, (tuple(place.tolist()), tuple(axes.tolist()), rng.uniform(0, 180)), 1.0, -1)
            levels += dark * rng.uniform(0.4, 1.2) * lump
    return attenuated(image, levels, side * rng.uniform(*_BLUR))


def attenuated(image: NDArray[np.uint8], levels: NDArray[np.float32], blur: float) -> NDArray[np.uint8]:
    """A grey image (s, s) behind attenuations ``levels`` (s, s), blurred by a sigma of ``blur`` px."""
    blurred = cv2.GaussianBlur(levels, (0, 0), blur)
    return np.asarray(image * np.exp(-blurred)).astype(np.uint8)
