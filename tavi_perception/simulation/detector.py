"""From transmitted signal to the grey image: exposure, blur, correlated noise, window and borders."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.paint import LEVEL
from tavi_perception.simulation.patient import REFERENCE_SIZE

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Exposure:
    """How the detector turns signal into grey.

    Attributes:
        white: grey of the unattenuated signal; black: grey added everywhere (scatter, offset).
        contrast: factor on the attenuation (display gamma).
        noise: standard deviation of the noise where the signal is full (grey levels).
        blur, noise_blur: Gaussian sigma of image and noise (px at a side of 1000).
        sharpen: strength of the vendor's edge enhancement.
    """

    white: float
    black: float
    contrast: float
    noise: float
    blur: float
    noise_blur: float
    sharpen: float


def draw_exposure(rng: np.random.Generator) -> Exposure:
    """A random exposure; the medians give the grey levels measured on the reference frame."""
    return Exposure(
        white=rng.uniform(175, 265),
        black=rng.uniform(-15, 35),
        contrast=rng.uniform(0.75, 1.35),
        noise=float(np.exp(rng.uniform(np.log(1.2), np.log(11.0)))),
        blur=rng.uniform(0.5, 1.6),
        noise_blur=rng.uniform(0.3, 1.3),
        sharpen=max(0.0, rng.uniform(-0.6, 1.0)),
    )


class Detector:
    """Renders grey images of one exposure; holds its noise and borders."""

    def __init__(self, rng: np.random.Generator, exposure: Exposure, size: int, noise_fields: int) -> None:
        self._exposure = exposure
        self._size = size
        unit = size / REFERENCE_SIZE
        self._blur = max(exposure.blur * unit, 0.3)
        self._exposed = np.exp(-exposure.contrast * LEVEL * np.arange(256)).astype(np.float32)
        self._noise = [_noise(rng, size, exposure.noise_blur * unit) for _ in range(noise_fields)]
        self._borders = _Borders(rng, size)

    def covers(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) whether points (n, 2) px lie under a collimator blade or print."""
        return self._borders.cover(points)

    def expose(self, background: NDArray[np.float32], canvas: Image, moment: np.random.Generator) -> Image:
        """Grey image (size, size) of a background signal (0…1) behind a canvas of device attenuation."""
        e = self._exposure
        blurred = cv2.GaussianBlur(canvas, (0, 0), self._blur)
        signal = cv2.multiply(background, cv2.LUT(blurred, self._exposed))
        if e.sharpen > 0.05:
            soft = cv2.blur(signal, (9, 9))
            signal = cv2.addWeighted(signal, 1.0 + e.sharpen * 0.6, soft, -e.sharpen * 0.6, 0.0)
        noise = self._noise[int(moment.integers(len(self._noise)))]
        top, left = moment.integers(0, noise.shape[0] - self._size + 1, 2)
        window = noise[top : top + self._size, left : left + self._size]
        span = e.white - e.black
        # Quantum noise of the linear signal grows with its root; the display keeps it nearly constant.
        noisy = cv2.scaleAdd(window, e.noise / span, signal)
        np.maximum(noisy, np.float32(max(0.0, -e.black / span)), out=noisy)
        image = np.asarray(cv2.convertScaleAbs(noisy, alpha=span, beta=e.black), dtype=np.uint8)
        self._borders.draw(image)
        return image


def _noise(rng: np.random.Generator, size: int, sigma: float) -> NDArray[np.float32]:
    """A field of unit variance somewhat larger than the image, correlated over ``sigma`` px."""
    side = size + size // 8
    field = rng.standard_normal((side, side), dtype=np.float32)
    if sigma > 0.15:
        field = np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), dtype=np.float32)
    return field / field.std()


class _Borders:
    """Collimator blades, the bright strip at the detector's edge, and print on the image."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        unit = size / REFERENCE_SIZE
        self._size = size
        self._strip = int(rng.uniform(8, 40) * unit) if rng.random() < 0.35 else 0
        self._strip_grey = int(rng.uniform(190, 255))
        blades = rng.uniform(10, 90, 4) * (rng.random(4) < 0.15) * unit
        self._blades = [int(b) for b in blades]
        self._blade_grey = int(rng.uniform(0, 60))
        self._text = "ABCD"[int(rng.integers(4))] if rng.random() < 0.3 else ""
        self._corner = rng.integers(0, 2, 2) * int(860 * unit)
        self._box = int(130 * unit)

    def cover(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        left, right, top, bottom = self._blades
        low, high = np.array([left, top]), self._size - np.array([right, bottom]) - 0.5
        covered = (points < low).any(axis=1) | (points > high).any(axis=1)
        if self._text:
            covered |= ((points >= self._corner) & (points < self._corner + self._box)).all(axis=1)
        return np.asarray(covered)

    def draw(self, image: Image) -> None:
        if self._strip:
            image[:, -self._strip :] = cv2.addWeighted(
                image[:, -self._strip :],
                0.3,
                np.full_like(image[:, -self._strip :], self._strip_grey),
                0.7,
                0,
            )
        left, right, top, bottom = self._blades
        image[:, :left] = self._blade_grey
        image[:top] = self._blade_grey
        if right:
            image[:, -right:] = self._blade_grey
        if bottom:
            image[-bottom:] = self._blade_grey
        if self._text:
            x, y = int(self._corner[0]), int(self._corner[1])
            image[y : y + self._box, x : x + self._box] = 255
            scale = self._box / 36
            cv2.putText(image, self._text, (x + self._box // 6, y + int(self._box * 0.85)),
                        cv2.FONT_HERSHEY_COMPLEX, scale, 0, int(scale * 1.5) or 1, cv2.LINE_AA)  # fmt: skip
