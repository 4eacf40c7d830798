"""What is measured on a fluoroscopy frame, real or simulated: pure functions of an image and its landmarks.

All lengths are in px of an image of side 1000. Greys are 0 … 255.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Points = NDArray[np.float64]

SIDE = 1000
"""Side of the image that everything here is defined for (px)."""

SHEATHED_LENGTH = 380.0
"""|CP–CM| + |CM–CD| on the published positioning frame (px); scales the offsets below to other devices."""

_MARGIN, _BOX = 100, 140
"""Border and corner boxes that are left out: collimator blades, strip and print are not anatomy (px)."""

_TILE = 16
"""Side of the tiles among which a flat patch is looked for (px)."""

_RESIDUE_SIGMA = 3.0
"""What a Gaussian of this sigma (px) takes away is the high-frequency residue."""


@dataclass(frozen=True)
class Device:
    """Where things lie in a frame; each (2,) px of an image of side 1000.

    Attributes:
        cp, cm, cd, ct: proximal block, bend of the capsule, marker band and tip.
        aa1: nadir of the non-coronary sinus while contrast medium shows it.
    """

    cp: Points
    cm: Points
    cd: Points
    ct: Points
    aa1: Points


@dataclass(frozen=True)
class Statistics:
    """The measured quantities of one frame (grey levels).

    Attributes:
        mean, dark, median, bright: mean and 1st, 50th and 99th percentile inside the borders.
        flat: standard deviation of a flat patch: the 5th percentile over the frame's tiles.
        residue: standard deviation of the high-frequency residue.
        capsule, block, cone: local background minus capsule, proximal block and nose cone.
        sinus: grey beside the contrast-filled sinus minus grey within.
        capsule_grey, sinus_grey, beside_grey: capsule, contrast-filled sinus, and tissue beside it.
    """

    mean: float
    dark: float
    median: float
    bright: float
    flat: float
    residue: float
    capsule: float
    block: float
    cone: float
    sinus: float
    capsule_grey: float
    sinus_grey: float
    beside_grey: float


def measure(image: Image, device: Device) -> Statistics:
    """The statistics of an image (1000, 1000)."""
    if image.shape != (SIDE, SIDE):
        raise ValueError(f"realism: the image is {image.shape}, not {(SIDE, SIDE)}")
    inside = image[anatomy_mask()]
    dark, median, bright = np.percentile(inside, [1, 50, 99])
    capsule, block, cone = (shade(image, part) for part in device_parts(device))
    sinus = sinus_shade(image, device)
    return Statistics(
        mean=float(inside.mean()),
        dark=float(dark),
        median=float(median),
        bright=float(bright),
        flat=flat_deviation(image),
        residue=residue_deviation(image),
        capsule=capsule.contrast,
        block=block.contrast,
        cone=cone.contrast,
        sinus=sinus.contrast,
        capsule_grey=capsule.inside,
        sinus_grey=sinus.inside,
        beside_grey=sinus.around,
    )


def anatomy_mask() -> NDArray[np.bool_]:
    """(1000, 1000) the pixels that count as anatomy: inside the margin and outside the corner boxes."""
    mask = np.zeros((SIDE, SIDE), dtype=np.bool_)
    mask[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] = True
    for rows in (slice(None, _BOX), slice(-_BOX, None)):
        for columns in (slice(None, _BOX), slice(-_BOX, None)):
            mask[rows, columns] = False
    return mask


def flat_deviation(image: Image) -> float:
    """Standard deviation in a flat patch: the 5th percentile over tiles of 16 × 16 px."""
    count = (SIDE - 2 * _MARGIN) // _TILE
    part = image[_MARGIN : _MARGIN + count * _TILE, _MARGIN : _MARGIN + count * _TILE].astype(np.float64)
    tiles = part.reshape(count, _TILE, count, _TILE).transpose(0, 2, 1, 3).reshape(-1, _TILE * _TILE)
    return float(np.percentile(tiles.std(axis=1), 5))


def residue_deviation(image: Image) -> float:
    """Standard deviation of what a Gaussian of 3 px takes away from the anatomy."""
    grey = image.astype(np.float32)
    smooth = np.asarray(cv2.GaussianBlur(grey, (0, 0), _RESIDUE_SIGMA), dtype=np.float32)
    return float(np.std((grey - smooth)[anatomy_mask()]))


@dataclass(frozen=True)
class Shade:
    """Grey of a thing and of what is around it."""

    inside: float
    around: float

    @property
    def contrast(self) -> float:
        return self.around - self.inside


@dataclass(frozen=True)
class Part:
    """Where a part of the device is sampled, (n, 2) px inside and (m, 2) around it."""

    inside: Points
    around: Points


def device_parts(device: Device) -> tuple[Part, Part, Part]:
    """Distal half of the capsule, proximal block and nose cone."""
    scale = device_scale(device)
    sheath = _along(device, np.linspace(1.15, 1.85, 60, dtype=np.float64))
    back = np.linspace(-30.0, -8.0, 20)[:, None] * scale
    start, heading = _along(device, np.zeros(1))
    block = (start + back * heading, np.repeat(heading, 20, axis=0))
    cone_heading = (device.ct - device.cd) / max(float(np.hypot(*(device.ct - device.cd))), 1e-9)
    cone_steps = np.linspace(0.15, 0.45, 20)[:, None]
    cone = (
        device.cd + cone_steps * (device.ct - device.cd),
        np.repeat(cone_heading[None], 20, axis=0),
    )
    return (
        _band(sheath, 8.0 * scale, 28.0 * scale, 42.0 * scale),
        _band(block, 8.0 * scale, 28.0 * scale, 42.0 * scale),
        _band(cone, 5.0 * scale, 26.0 * scale, 40.0 * scale),
    )


def sinus_shade(image: Image, device: Device) -> Shade:
    """The middle of the non-coronary sinus, and the tissue outside and below it."""
    scale = device_scale(device)
    _, heading = _along(device, np.array([1.5]))
    up = -heading[0]
    out = np.array([-up[1], up[0]])
    if np.dot(out, device.aa1 - device.cm) < 0:
        out = -out
    within = device.aa1 + 65.0 * scale * up + _disc(15.0 * scale)
    beside = device.aa1 + scale * (70.0 * out - 5.0 * up) + _disc(15.0 * scale)
    return shade(image, Part(within, beside))


def shade(image: Image, part: Part) -> Shade:
    """Median greys of a part; points outside the image do not count, NaN when all are."""
    return Shade(_median(image, part.inside), _median(image, part.around))


def device_scale(device: Device) -> float:
    """Size of a sheathed device relative to the published frame's."""
    length = np.hypot(*(device.cm - device.cp)) + np.hypot(*(device.cd - device.cm))
    return float(length) / SHEATHED_LENGTH


def _along(device: Device, at: NDArray[np.float64]) -> tuple[Points, Points]:
    """Points (n, 2) and unit headings (n, 2) of the parabola through CP (0), CM (1) and CD (2)."""
    p, m, d = device.cp, device.cm, device.cd
    bend = (p - 2 * m + d) / 2
    slope = (d - p) / 2
    t = (at - 1.0)[:, None]
    heading = slope + 2 * bend * t
    return m + slope * t + bend * t**2, heading / np.maximum(np.hypot(*heading.T), 1e-9)[:, None]


def _band(line: tuple[Points, Points], inner: float, near: float, far: float) -> Part:
    """Points within ``inner`` of a line, and between ``near`` and ``far`` of it on both sides."""
    points, heading = line
    across = np.stack([-heading[:, 1], heading[:, 0]], axis=1)

    def offset(by: NDArray[np.float64]) -> Points:
        return (points[:, None] + by[None, :, None] * across[:, None]).reshape(-1, 2)

    outer = np.linspace(near, far, 9, dtype=np.float64)
    return Part(
        offset(np.linspace(-inner, inner, 9, dtype=np.float64)), offset(np.concatenate([-outer, outer]))
    )


def _disc(radius: float) -> Points:
    grid = np.stack(np.meshgrid(*[np.linspace(-radius, radius, 11)] * 2), axis=-1).reshape(-1, 2)
    return grid[np.hypot(*grid.T) <= radius]


def _median(image: Image, points: Points) -> float:
    pixels = np.round(points).astype(np.int64)
    inside = ((pixels >= 0) & (pixels < SIDE)).all(axis=1)
    if not inside.any():
        return float("nan")
    pixels = pixels[inside]
    return float(np.median(image[pixels[:, 1], pixels[:, 0]]))
