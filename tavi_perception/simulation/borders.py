"""What borders an image: blades and filters in the beam, the bright strip, and burnt-in print."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.display import FULL_SCALE
from tavi_perception.simulation.patient import REFERENCE_SIZE

Plane = NDArray[np.float32]

_BOX = 131
"""Side of the white box with a letter (px at a side of 1000; measured on the published frame)."""


@dataclass(frozen=True)
class Shutter:
    """What shapes the beam; lengths in px at a side of 1000.

    Attributes:
        blades: how far the left, right, top and bottom blade reach into the image (px), 0 for out of view.
        leak: transmission of a blade; penumbra: Gaussian sigma of its edge (px).
        wedge_depth: distance of the wedge filter's edge from its corner (fraction of the side), 0 for none.
        wedge_transmission: transmission of the wedge filter.
        shading: signal lost in the corners.
        fixed_pattern: relative standard deviation of the pixels' gains.
    """

    blades: tuple[float, ...]
    leak: float
    penumbra: float
    wedge_depth: float
    wedge_transmission: float
    shading: float
    fixed_pattern: float


@dataclass(frozen=True)
class Burn:
    """What is laid over the picture.

    Attributes:
        strip_width: width of the bright strip (px at a side of 1000), 0 for none; strip_grey: 0 … 1.
        letter_box: a white box with a black letter in a corner.
        technique_text: lines of small print.
        orientation: letters of the patient's orientation at two edges.
    """

    strip_width: float
    strip_grey: float
    letter_box: bool
    technique_text: bool
    orientation: bool


@dataclass(frozen=True)
class _Patch:
    """Part of the picture: grey becomes ``keep`` × grey + ``added`` (16-bit grey)."""

    where: tuple[slice, slice]
    keep: Plane
    added: Plane


class Borders:
    """The borders of one procedure's images of side ``size``; ``rng`` decides side, letters and numbers."""

    def __init__(self, rng: np.random.Generator, shutter: Shutter, burn: Burn, size: int) -> None:
        self.beam: Plane = np.ones((size, size), dtype=np.float32)
        """(size, size) transmission of blades and wedge, times shading and the pixels' gains."""
        self._covered = np.zeros((size, size), dtype=np.bool_)
        self._patches: list[_Patch] = []
        self._size, self._unit = size, size / REFERENCE_SIZE
        self._close(shutter)
        self._filter(rng, shutter)
        self._strip(rng, burn)
        self._write(rng, burn)

    def covers(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) whether points (n, 2) px lie under a blade or print, or outside the image; NaN does not."""
        known: NDArray[np.bool_] = np.asarray(np.isfinite(points).all(axis=1))
        pixels = np.round(np.where(known[:, None], points, 0.0)).astype(np.int64)
        outside = (pixels < 0).any(axis=1) | (pixels >= self._size).any(axis=1)
        inside = np.clip(pixels, 0, self._size - 1)
        return np.asarray(known & (outside | self._covered[inside[:, 1], inside[:, 0]]))

    def burn(self, shown: NDArray[np.uint16]) -> None:
        """Lay strip and print over a (size, size) picture of 16-bit grey, in place."""
        for patch in self._patches:
            region = shown[patch.where]
            region[:] = region * patch.keep + patch.added

    def _close(self, shutter: Shutter) -> None:
        """Put the blades into the beam."""
        left, right, top, bottom = (depth * self._unit for depth in shutter.blades)
        across = _opening(self._size, left, right, shutter.penumbra * self._unit)
        along = _opening(self._size, top, bottom, shutter.penumbra * self._unit)
        opening = np.outer(along, across).astype(np.float32)
        self._covered |= opening < 0.5
        self.beam *= shutter.leak + (1 - shutter.leak) * opening

    def _filter(self, rng: np.random.Generator, shutter: Shutter) -> None:
        """Put wedge, shading and gains into the beam."""
        y, x = np.mgrid[: self._size, : self._size].astype(np.float32) / self._size
        corner, angle = rng.integers(0, 2, 2), rng.uniform(0.2, 1.37)
        distance = np.abs(corner[0] - x) * np.cos(angle) + np.abs(corner[1] - y) * np.sin(angle)
        softness = rng.uniform(0.004, 0.03)
        if shutter.wedge_depth:
            open_part = 1 / (1 + np.exp(np.clip((shutter.wedge_depth - distance) / softness, -30, 30)))
            self.beam *= shutter.wedge_transmission + (1 - shutter.wedge_transmission) * open_part
        middle = rng.uniform(0.4, 0.6, 2)
        self.beam *= 1 - 2 * shutter.shading * ((x - middle[0]) ** 2 + (y - middle[1]) ** 2)
        gains = rng.standard_normal((self._size, self._size), dtype=np.float32)
        self.beam *= 1 + np.float32(shutter.fixed_pattern) * gains

    def _strip(self, rng: np.random.Generator, burn: Burn) -> None:
        """A strip that brightens towards the edge and falls off in its last pixels, as on real frames."""
        side = int(rng.choice(4, p=[0.15, 0.55, 0.15, 0.15]))
        fall, darkest = rng.uniform(0.1, 0.3), rng.uniform(0.6, 1.0)
        width = min(round(burn.strip_width * self._unit), self._size)
        if width < 2:
            return
        place = (np.arange(width, dtype=np.float32) + 0.5) / width
        weight = np.clip(place / (1 - fall), 0.0, 1.0) ** 1.5 * 0.9
        late = np.clip((place - 1 + fall) / fall, 0.0, 1.0)
        grey = burn.strip_grey * FULL_SCALE * (1 - (1 - darkest) * late**1.5)
        keep, added = (1 - weight)[None].astype(np.float32), (weight * grey)[None].astype(np.float32)
        if side in (0, 2):
            keep, added = keep[:, ::-1], added[:, ::-1]
        part = slice(0, width) if side in (0, 2) else slice(self._size - width, self._size)
        where = (slice(None), part) if side < 2 else (part, slice(None))
        self._patches.append(_Patch(where, keep if side < 2 else keep.T, added if side < 2 else added.T))

    def _write(self, rng: np.random.Generator, burn: Burn) -> None:
        """Box, small print and orientation letters, each away from the others' corners."""
        corners = rng.permutation(4)
        letter, lines, sides = _letter(rng), _technique_lines(rng), _orientation(rng)
        if burn.letter_box:
            self._letter_box(int(corners[0]), letter)
        if burn.technique_text:
            self._text(int(corners[1]), lines, white=bool(rng.random() < 0.7))
        if burn.orientation:
            middle, edge = self._size // 2, round(12 * self._unit)
            scale = max(0.9 * self._unit, 0.3)
            for (x, y), word in zip(((edge, middle), (middle, edge)), sides, strict=True):
                self._print(x, y, (word,), scale, 1.0)

    def _letter_box(self, corner: int, letter: str) -> None:
        box = max(8, min(round(_BOX * self._unit), self._size))
        grey = np.full((box, box), 255, dtype=np.uint8)
        scale = box / 36
        thick = max(1, round(scale * 1.4))
        (wide, high), _ = cv2.getTextSize(letter, cv2.FONT_HERSHEY_COMPLEX, scale, thick)
        place = (box - wide) // 2, (box + high) // 2
        cv2.putText(grey, letter, place, cv2.FONT_HERSHEY_COMPLEX, scale, 0, thick, cv2.LINE_AA)
        x, y = (corner % 2) * (self._size - box), (corner // 2) * (self._size - box)
        where = (slice(y, y + box), slice(x, x + box))
        added = grey.astype(np.float32) * np.float32(FULL_SCALE / 255)
        self._patches.append(_Patch(where, np.zeros_like(added), added))
        self._covered[where] = True

    def _text(self, corner: int, lines: tuple[str, ...], white: bool) -> None:
        scale = max(0.55 * self._unit, 0.3)
        high = round(24 * scale / 0.55) * len(lines)
        wide = max(cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0][0] for line in lines)
        margin = round(10 * self._unit)
        x = margin if corner % 2 == 0 else self._size - wide - margin
        y = margin if corner // 2 == 0 else self._size - high - margin
        self._print(max(x, 0), max(y, 0), lines, scale, 1.0 if white else 0.0)

    def _print(self, x: int, y: int, lines: tuple[str, ...], scale: float, grey: float) -> None:
        """Lines of text whose upper left corner is (x, y)."""
        pitch = max(8, round(24 * scale / 0.55))
        wide = max(cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0][0] for line in lines)
        ink: NDArray[np.uint8] = np.zeros((pitch * len(lines), wide + 2), dtype=np.uint8)
        for index, line in enumerate(lines):
            base = (1, pitch * index + round(0.75 * pitch))
            cv2.putText(ink, line, base, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1, cv2.LINE_AA)
        where = (slice(y, min(y + ink.shape[0], self._size)), slice(x, min(x + ink.shape[1], self._size)))
        ink = ink[: where[0].stop - y, : where[1].stop - x]
        if ink.size:
            weight = ink.astype(np.float32) / np.float32(255)
            self._patches.append(_Patch(where, 1 - weight, weight * np.float32(grey * FULL_SCALE)))
            self._covered[where] = True


def _opening(size: int, low: float, high: float, penumbra: float) -> NDArray[np.float64]:
    """(size,) transmission between two blades that reach ``low`` and ``high`` px into the image."""
    place, soft = np.arange(size) + 0.5, max(penumbra, 0.2) / 1.7
    first = 1 / (1 + np.exp(np.clip((low - place) / soft, -30, 30))) if low else np.ones(size)
    last = 1 / (1 + np.exp(np.clip((place - size + high) / soft, -30, 30))) if high else np.ones(size)
    return first * last


def _letter(rng: np.random.Generator) -> str:
    return "ABCDEF"[int(rng.integers(6))]


def _technique_lines(rng: np.random.Generator) -> tuple[str, ...]:
    """A few lines such as systems print: view, voltage, current, rate."""
    lines = (
        f"{'LAO' if rng.random() < 0.5 else 'RAO'} {rng.integers(0, 45)}  "
        f"{'CRA' if rng.random() < 0.5 else 'CAU'} {rng.integers(0, 35)}",
        f"{rng.integers(60, 121)} kV  {rng.integers(3, 900)} mA",
        f"{rng.choice([3.75, 7.5, 15, 30])} F/s  Zoom {rng.integers(1, 4)}",
        f"FD {rng.choice([16, 20, 22, 25, 32, 42])} cm  SID {rng.integers(95, 121)}",
    )
    return lines[: int(rng.integers(1, 5))]


def _orientation(rng: np.random.Generator) -> tuple[str, str]:
    return ("R", "L", "RAO")[int(rng.integers(3))], ("H", "F", "CRA")[int(rng.integers(3))]
