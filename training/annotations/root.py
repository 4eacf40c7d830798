"""The hinge points and the sinotubular junction that the outline of an aortic root suggests.

An outline has no landmarks: where the sinuses end is what the eye of an expert adds. What is derived here is
a guess from shape alone, which therefore has to be asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import ANNULUS, COUNT, JUNCTION
from training.annotations.regions import Region

TOWARDS_VENTRICLE = (0.5, 0.87)
"""Direction (x right, y down) in which the ventricle lies from the arch in the views that models know."""

END = 0.12
"""Share of the root's length at either end in which its corners are looked for."""

SMALLEST = 400.0
"""Area of a root in an image whose longer side is 1000 (px²): 3 mm square; less is a slip of the brush."""


@dataclass
class RootPoints:
    """Completes the points of frames by the outlines of their roots, and compares both where both are there.

    Attributes:
        added: points that were missing.
        differences: of outline and point (px of an image whose longer side is 1000).
    """

    added: int = 0
    differences: list[float] = field(default_factory=list)

    def completed(
        self, xy: NDArray[np.float64], roots: Sequence[Region], size: tuple[int, int]
    ) -> NDArray[np.float64]:
        """``xy`` (11, 2) px with what the areas ``roots`` in an image of a size (width, height) add to it."""
        if not roots:
            return xy
        width, height = size
        found = root_points(np.logical_or.reduce([region.mask(width, height) for region in roots]))
        both = np.linalg.norm(found - xy, axis=1) * (1000 / max(size))
        self.differences += both[np.isfinite(both)].tolist()
        missing: NDArray[np.bool_] = np.isnan(xy[:, 0]) & np.isfinite(found[:, 0])
        self.added += int(missing.sum())
        return np.where(missing[:, None], found, xy)

    @property
    def note(self) -> str:
        """For the report: how many, and how far the rule is off where it can be checked."""
        said = f"{self.added} points of AA and STJ are taken from the outline of the root"
        if not self.differences:
            return f"{said}; none could be compared with a labelled one"
        middle = float(np.median(self.differences))
        return (
            f"{said}; where points are labelled too ({len(self.differences)}), the outline is off by "
            f"{middle:.0f} px of 1000 (median)"
        )


def root_points(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(11, 2) px of AA1, AA2, STJ1 and STJ2 by the outline of a root; NaN of what it does not tell.

    Of the largest connected part of ``mask`` (height, width) the smallest enclosing rectangle is taken.
    That of its axes which lies nearer to ``TOWARDS_VENTRICLE`` is the root's axis. In the last ``END`` of the
    extent along it AA1 and AA2 are the outermost pixels across, at the first ``END`` STJ1 and STJ2; AA1 and
    STJ1 lie on the left of the image. An end that touches the border of the image is cut off, and tells
    nothing.
    """
    found = np.full((COUNT, 2), np.nan)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return found
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    if stats[largest, cv2.CC_STAT_AREA] < SMALLEST * (max(mask.shape) / 1000) ** 2:
        return found
    rows, columns = np.nonzero(labels == largest)
    pixels = np.stack([columns, rows], axis=1).astype(np.float64)
    along = _axis(pixels)
    across = np.array([along[1], -along[0]])
    if across[0] < 0:
        across = -across
    depth, side = pixels @ along, pixels @ across
    near, far = depth.min(), depth.max()
    limits = np.array(mask.shape[::-1]) - 1
    for (left, right), chosen in (
        (JUNCTION, depth <= near + END * (far - near)),
        (ANNULUS, depth >= far - END * (far - near)),
    ):
        end, offsets = pixels[chosen], side[chosen]
        if ((end <= 0) | (end >= limits)).any():
            continue
        found[left], found[right] = end[np.argmin(offsets)], end[np.argmax(offsets)]
    return found


def _axis(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vector (x, y) along the root, from the aorta to the ventricle."""
    _, _, degrees = cv2.minAreaRect(pixels.astype(np.float32))
    angle = np.radians(degrees)
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    alike = axes @ np.array(TOWARDS_VENTRICLE)
    best = int(np.argmax(np.abs(alike)))
    return np.asarray(axes[best] * np.sign(alike[best]))
