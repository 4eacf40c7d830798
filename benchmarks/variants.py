"""Variants of one image as another C-arm might have shown it: turned, scaled, re-exposed, blurred, noisy."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

ROTATION = (-20.0, 20.0)
"""Degrees, uniform."""

SCALE = (0.85, 1.25)
"""Of the content, log-uniform."""

GAMMA = (0.7, 1.4)
"""Exponent of the grey levels, log-uniform."""

GAIN = (0.8, 1.25)
"""Of the contrast about the mean, log-uniform."""

OFFSET = (-20.0, 20.0)
"""Added grey levels, uniform."""

BLUR = (0.0, 1.5)
"""Sigma of a Gaussian (px), uniform."""

NOISE = (0.0, 6.0)
"""Sigma of white noise (grey levels), uniform."""


@dataclass(frozen=True)
class Variant:
    """How an image is changed; the default leaves it as it is.

    Attributes:
        rotation: about the image's centre (degrees, counter-clockwise as seen).
        scale: about the same centre.
        gamma, gain, offset: of the grey levels, in this order; the gain is about their mean.
        blur: sigma (px).
        noise: sigma (grey levels).
        seed: of the noise.
    """

    rotation: float = 0.0
    scale: float = 1.0
    gamma: float = 1.0
    gain: float = 1.0
    offset: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    seed: int = 0

    def render(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The variant of a grey image (h, w), of the same size; beyond its border that is repeated."""
        grey = image.astype(np.float32)
        if self.rotation or self.scale != 1.0:
            height, width = image.shape
            matrix = self._matrix((width, height))
            grey = np.asarray(
                cv2.warpAffine(
                    grey, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
                ),
                dtype=np.float32,
            )
        if self.blur > 0.0:
            grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), self.blur), dtype=np.float32)
        grey = 255.0 * (grey / 255.0) ** self.gamma
        grey = self.gain * (grey - grey.mean()) + grey.mean() + self.offset
        if self.noise > 0.0:
            grey = grey + self.noise * np.random.default_rng(self.seed).standard_normal(grey.shape)
        return np.clip(np.rint(grey), 0, 255).astype(np.uint8)

    def move(self, xy: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
        """Where points (…, 2) px of an image of ``size`` (width, height) lie in the variant."""
        matrix = self._matrix(size)
        return np.asarray(xy @ matrix[:, :2].T + matrix[:, 2])

    def _matrix(self, size: tuple[int, int]) -> NDArray[np.float64]:
        """(2, 3) from pixels of the image to pixels of the variant."""
        centre = ((size[0] - 1) / 2, (size[1] - 1) / 2)
        return np.asarray(cv2.getRotationMatrix2D(centre, self.rotation, self.scale), dtype=np.float64)


def draw_variants(count: int, seed: int) -> list[Variant]:
    """Random variants, the same for the same seed; more of them begin with the same ones."""
    rng = np.random.default_rng(seed)
    return [_draw(rng, index) for index in range(count)]


def _draw(rng: np.random.Generator, index: int) -> Variant:
    def log_uniform(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    return Variant(
        rotation=float(rng.uniform(*ROTATION)),
        scale=log_uniform(*SCALE),
        gamma=log_uniform(*GAMMA),
        gain=log_uniform(*GAIN),
        offset=float(rng.uniform(*OFFSET)),
        blur=float(rng.uniform(*BLUR)),
        noise=float(rng.uniform(*NOISE)),
        seed=index,
    )
