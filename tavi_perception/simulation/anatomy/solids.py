"""Solids bounded by quadrics, and where the rays of a view enter and leave them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.view import FloatArray, View

Plane = NDArray[np.float32]
Region = tuple[slice, slice]

ELLIPSOID = 1.0
CYLINDER = 0.0


@dataclass(frozen=True)
class Solid:
    """A quadric around a centre in patient axes (mm).

    Attributes:
        centre: (3,) mm.
        radii: (3,) half extents along its own axes (mm).
        axes: (3, 3) rows: its own axes as unit vectors.
        form: 1 ellipsoid; 0 elliptic cylinder along the third axis, cut at its radius; −k (0 < k < 1)
            the same with a waist, whose middle section has sqrt(1 − k) of the width at the ends.
    """

    centre: FloatArray
    radii: FloatArray
    axes: FloatArray = field(default_factory=lambda: np.eye(3))
    form: float = ELLIPSOID

    def shrunk(self, by: float) -> Solid:
        """The same solid, thinner by ``by`` mm on the sides of its first two axes."""
        radii = self.radii - by * np.array([1.0, 1.0, 1.0 if self.form > 0 else 0.0])
        return Solid(self.centre, np.maximum(radii, 0.1), self.axes, self.form)

    @property
    def corners(self) -> FloatArray:
        """(8, 3) corners of its box (mm)."""
        signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T
        return np.asarray(self.centre + (signs * self.radii) @ self.axes)


class Grid:
    """Rays of a view through the centres of a square grid of ``side`` cells over the whole image."""

    def __init__(self, view: View, side: int) -> None:
        self.view, self.side = view, side
        self._step = view.geometry.image_width / side
        line = (np.arange(side) + 0.5) * self._step - 0.5
        columns, rows = np.meshgrid(line, line)
        self.source, directions = view.rays(columns, rows)
        self.directions = directions.astype(np.float32)
        self.mm = view.px_per_mm / self._step
        """Cells a millimetre at the depth of the object."""

    def project(self, points: FloatArray) -> FloatArray:
        """Positions (…, 2) on the grid (cells) of points (…, 3) in patient axes (mm)."""
        return np.asarray((self.view.project(points) + 0.5) / self._step - 0.5)

    def region(self, solid: Solid) -> Region:
        """The part of the grid in which the solid can be seen; empty where it cannot."""
        corners = self.project(solid.corners)
        low = np.clip(np.floor(corners.min(axis=0)), 0, self.side).astype(int)
        high = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, self.side).astype(int)
        return slice(low[1], high[1]), slice(low[0], high[0])

    def span(self, solid: Solid, region: Region | None = None) -> tuple[Plane, Plane]:
        """Distances from the source (mm) at which rays enter and leave; equal where they miss."""
        directions = self.directions if region is None else self.directions[region]
        depth = float(np.linalg.norm(solid.centre - self.source))
        scaled = (solid.axes / solid.radii[:, None]).astype(np.float64)
        e0, e1, e2 = np.moveaxis(directions @ scaled.T.astype(np.float32), -1, 0)
        start = (scaled @ (self.source - solid.centre)).astype(np.float32)
        q0, q1, q2 = (start[i] + np.float32(depth) * e for i, e in enumerate((e0, e1, e2)))
        form = np.float32(solid.form)
        level = np.float32(1.0 + min(solid.form, 0.0))
        a = np.maximum(e0 * e0 + e1 * e1 + form * e2 * e2, np.float32(1e-9))
        b = q0 * e0 + q1 * e1 + form * q2 * e2
        c = q0 * q0 + q1 * q1 + form * q2 * q2 - level
        root = np.sqrt(np.maximum(b * b - a * c, 0))
        near, far = (-b - root) / a, (-b + root) / a
        if solid.form <= 0:
            steep = np.where(np.abs(e2) < 1e-7, np.float32(1e-7), e2)
            first, second = (-1 - q2) / steep, (1 - q2) / steep
            near = np.maximum(near, np.minimum(first, second))
            far = np.maximum(np.minimum(far, np.maximum(first, second)), near)
        return near + np.float32(depth), far + np.float32(depth)

    def add(self, plane: Plane, solid: Solid, attenuation: float, hollow: float = 0.0) -> None:
        """Add a solid's path length times ``attenuation`` (1/mm) to a plane (side, side).

        With ``hollow`` only its wall of that thickness (mm) counts.
        """
        region = self.region(solid)
        if region[0].start >= region[0].stop or region[1].start >= region[1].stop:
            return
        near, far = self.span(solid, region)
        length = far - near
        if hollow > 0:
            near, far = self.span(solid.shrunk(hollow), region)
            length = np.maximum(length - (far - near), 0)
        plane[region] += np.float32(attenuation) * length


def covered(within: tuple[Plane, Plane], parts: list[tuple[Plane, Plane]]) -> Plane:
    """Length (mm) of each ray inside ``within`` that lies in any of the ``parts``."""
    starts = _ascending([np.clip(near, within[0], within[1]) for near, _ in parts])
    ends = _ascending([np.clip(far, within[0], within[1]) for _, far in parts])
    total = ends[-1] - starts[0]
    for end, start in zip(ends, starts[1:], strict=False):  # A gap: all that began so far has ended.
        total -= np.maximum(start - end, 0)
    return np.asarray(total)


def _ascending(planes: list[Plane]) -> list[Plane]:
    """The planes' values sorted in every cell (faster than np.sort for a dozen large planes)."""
    planes = list(planes)
    for last in range(len(planes) - 1, 0, -1):
        for i in range(last):
            low, high = planes[i], planes[i + 1]
            planes[i], planes[i + 1] = np.minimum(low, high), np.maximum(low, high)
    return planes
