"""From transmission and device attenuation to the grey image: exposure, blur, scatter, noise, display."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.borders import Borders
from tavi_perception.simulation.display import FULL_SCALE, SIGNAL_SCALE
from tavi_perception.simulation.grain import NoiseFields
from tavi_perception.simulation.paint import LEVEL
from tavi_perception.simulation.patient import REFERENCE_SIZE
from tavi_perception.simulation.technique import Technique
from tavi_perception.simulation.video import captured

Grey = NDArray[np.uint8] | NDArray[np.uint16]

_PRESSED = 20
"""Side of the squares over which the signal is averaged before scatter is computed (px)."""

_LEAST_MOTION = 0.7
"""Shorter motion during a pulse cannot be told from the blur of the detector (px)."""

_MOST_MOTION = 9.0
"""Longer motion is cut to this length (px), which bounds the time of a frame."""


class Imager:
    """Exposes grey images of one procedure; holds its noise, borders and working memory.

    An image depends on the arguments of ``expose`` alone, never on the frames before it: the exposure is
    set by the anatomy of the same frame, which hardly moves, and not by device or contrast medium, which
    a real control follows with a lag.

    Args:
        rng: draws noise fields, fixed pattern, and what the print says.
        technique: the X-ray system.
        size: side of the square image (px).
        bits: 8 for uint8 images as captured from the video output; 16 for uint16 images that carry
            ``technique.display.stored_bits`` bits (0 … 2^stored_bits − 1) and bypass the video capture.
        noise_fields: how many independent fields the noise of a frame is cut from.

    Raises:
        ValueError: size is not positive, bits is neither 8 nor 16, or there is no noise field.
    """

    def __init__(
        self, rng: np.random.Generator, technique: Technique, size: int, bits: int = 8, noise_fields: int = 3
    ) -> None:
        if size < 1 or bits not in (8, 16) or noise_fields < 1:
            raise ValueError(
                f"imager: {size} px and {noise_fields} noise fields must be positive, bits {bits} 8 or 16"
            )
        self.technique, self.size, self.bits = technique, size, bits
        self._unit = size / REFERENCE_SIZE
        self._noise = NoiseFields(rng, technique.grain, size, noise_fields)
        self._borders = Borders(rng, technique.shutter, technique.burn, size)
        self._curve = technique.display.curve()
        self._transmitted = np.exp(-LEVEL * np.arange(256)).astype(np.float32)
        self._device = np.empty((size, size), dtype=np.float32)
        self._signal = np.empty((size, size), dtype=np.float32)
        self._work = np.empty((size, size), dtype=np.float32)
        self._counts = np.empty((size, size), dtype=np.uint16)
        self._shown = np.empty((size, size), dtype=np.uint16)

    def covers(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) whether points (n, 2) px lie under a blade or print, or outside the image; NaN does not."""
        return self._borders.covers(points)

    def expose(
        self,
        transmission: NDArray[np.float32],
        canvas: NDArray[np.uint8],
        moment: np.random.Generator,
        pulse_motion: NDArray[np.float64] | tuple[float, float] = (0.0, 0.0),
    ) -> Grey:
        """The grey image (size, size) of one X-ray pulse; uint8 or uint16 by ``bits``.

        Args:
            transmission: (size, size) signal behind the anatomy, 0 … 1; not changed.
            canvas: (size, size) attenuation of device and contrast medium in units of ``paint.LEVEL``;
                not changed.
            moment: chooses the noise of this frame.
            pulse_motion: (2,) how far the devices move during the pulse (px).
        """
        signal = self._primary(transmission, canvas, pulse_motion)
        self._scatter(signal)
        self._count(signal, moment)
        shown = self._display()
        self._borders.burn(shown)
        if self.bits == 16:
            return shown >> np.uint16(16 - self.technique.display.stored_bits)
        grey = np.asarray(cv2.convertScaleAbs(shown, alpha=255 / FULL_SCALE), dtype=np.uint8)
        return captured(grey, self.technique.capture)

    def _primary(
        self,
        transmission: NDArray[np.float32],
        canvas: NDArray[np.uint8],
        motion: NDArray[np.float64] | tuple[float, float],
    ) -> NDArray[np.float32]:
        """Beer–Lambert signal without scatter; the metered field has mean 1 once scatter is added."""
        device = self._device
        cv2.LUT(canvas, self._transmitted, dst=device)
        blur = self.technique.blur * self._unit
        if blur > 0.2:
            side = 2 * int(np.ceil(2 * blur)) + 1
            cv2.GaussianBlur(device, (side, side), blur, dst=device)
        if np.hypot(*motion) > _LEAST_MOTION:
            cv2.filter2D(device, -1, _streak(np.asarray(motion, dtype=np.float64)), dst=device)
        signal = self._signal
        cv2.multiply(transmission, device, dst=signal, scale=self._gain(transmission))
        cv2.multiply(signal, self._borders.beam, dst=signal)
        return signal

    def _gain(self, transmission: NDArray[np.float32]) -> float:
        """Factor of the automatic exposure: what the metered field needs to have mean 1."""
        half = max(1, round(self.technique.meter * self.size / 2))
        low, high = max(0, self.size // 2 - half), self.size // 2 + half
        step = max(1, self.size // 128)
        mean = float(transmission[low:high:step, low:high:step].mean())
        return 1.0 / max(mean * (1.0 + self.technique.scatter), 1e-3)

    def _scatter(self, signal: NDArray[np.float32]) -> None:
        """Add what is scattered into each pixel from all around it."""
        side = max(4, self.size // _PRESSED)
        pressed = cv2.resize(signal, (side, side), interpolation=cv2.INTER_AREA)
        spread = cv2.GaussianBlur(
            pressed, (0, 0), self.technique.scatter_reach * side, borderType=cv2.BORDER_REPLICATE
        )
        cv2.resize(spread * np.float32(self.technique.scatter), (self.size, self.size), dst=self._work)
        cv2.add(signal, self._work, dst=signal)

    def _count(self, signal: NDArray[np.float32], moment: np.random.Generator) -> None:
        """Noise whose variance is linear in the signal, then the detector's 16-bit number."""
        grain, work = self.technique.grain, self._work
        np.add(signal, np.float32(grain.electronic**2 / grain.quanta), out=work)
        cv2.sqrt(work, dst=work)
        cv2.multiply(work, self._noise.cut(moment), dst=work)
        deviation = grain.quanta**-0.5 / grain.reduction
        cv2.addWeighted(
            signal, SIGNAL_SCALE, work, SIGNAL_SCALE * deviation, 0.0, dst=self._counts, dtype=cv2.CV_16U
        )

    def _display(self) -> NDArray[np.uint16]:
        """(size, size) grey of 16 bits: window and edge enhancement."""
        shown, display = self._shown, self.technique.display
        np.take(self._curve, self._counts, out=shown, mode="clip")
        if display.enhancement > 0.02:
            side = 2 * max(1, round(display.reach * self._unit)) + 1
            soft = cv2.blur(shown, (side, side), dst=self._counts)
            cv2.addWeighted(shown, 1.0 + display.enhancement, soft, -display.enhancement, 0.0, dst=shown)
        return shown


def _streak(motion: NDArray[np.float64]) -> NDArray[np.float32]:
    """Kernel of a uniform motion (2,) px about its middle; its sum is 1."""
    motion = motion * min(1.0, _MOST_MOTION / float(np.hypot(*motion)))
    half = np.ceil(np.abs(motion) / 2).astype(int)
    kernel = np.zeros((2 * half[1] + 3, 2 * half[0] + 3))
    steps = (np.arange(64) + 0.5) / 64 - 0.5
    places = steps[:, None] * motion + half + 1
    corner = np.floor(places).astype(int)
    part = places - corner
    for right in (0, 1):
        for down in (0, 1):
            weight = np.abs(1 - right - part[:, 0]) * np.abs(1 - down - part[:, 1])
            np.add.at(kernel, (corner[:, 1] + down, corner[:, 0] + right), weight)
    kernel = kernel[1:-1, 1:-1]
    return (kernel / kernel.sum()).astype(np.float32)
