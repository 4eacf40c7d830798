"""The route of a catheter through aorta, valve and ventricle: a curve in 3-D with arc length."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from tavi_perception.simulation.distributions import Normal, Uniform
from tavi_perception.simulation.patient import Root
from tavi_perception.simulation.view import FloatArray, View, unit

STEP_MM = 1.0

_KNOTS_MM = np.array([-70, 0, 30, 70, 95, 120, 150, 180, 215, 245, 310, 380, 560], dtype=np.float64)
"""Distances before the annulus at which the heading is given; see ``delivery_route``."""

_CARRIED_FROM, _CARRIED_TO, _CARRIED_LEAST = -230.0, -95.0, 0.15
"""The heart carries the whole device from −95 mm on, and 15 % of its motion reaches the descending aorta."""


@dataclass(frozen=True)
class RouteConfig:
    """How the delivery system lies; angles in degrees, lengths in mm (read off the published frames)."""

    angle: Normal = Normal(8.0, 6.0, -8.0, 24.0)
    """Catheter against the annulus normal, in the image plane of the first view."""
    off_plane: Normal = Normal(0.0, 4.0, -12.0, 12.0)
    """The same, out of that plane."""
    lateral: Normal = Normal(0.0, 2.2, -6.0, 6.0)
    """Where it crosses the annulus, along AA1–AA2."""
    off_centre: Normal = Normal(0.0, 2.0, -5.0, 5.0)
    """The same, along the beam."""
    arch: Normal = Normal(0.0, 1.0, -2.5, 2.5)
    """Variation of each heading, in units of the spread that ``delivery_route`` gives it."""
    stretch: Uniform = Uniform(0.85, 1.2)
    """Of the arch."""
    depth: Uniform = Uniform(0.6, 1.4)
    """How far the arch runs to the back, relative to the usual."""


@dataclass(frozen=True)
class Route:
    """A curve. ``distance`` is 0 where it crosses the annulus and grows into the ventricle.

    Attributes:
        distance: (n,) arc length (mm), increasing in equal steps.
        points: (n, 3) patient axes (mm).
        annulus_normal: (3,) unit vector into the ventricle, of the annulus that it crosses.
    """

    distance: FloatArray
    points: FloatArray
    annulus_normal: FloatArray

    def at(self, distance: FloatArray | float) -> FloatArray:
        """(…, 3) points at arc lengths (mm)."""
        return interpolated(distance, self.distance, self.points)

    def tangent_at(self, distance: FloatArray | float) -> FloatArray:
        """(…, 3) unit vectors towards the ventricle."""
        return unit(interpolated(distance, self.distance, self._steps))

    @cached_property
    def _steps(self) -> FloatArray:
        return np.asarray(np.gradient(self.points, axis=0))

    def carried(self, shift: FloatArray) -> Route:
        """The same curve while the root has moved by ``shift`` (3,) mm; the aorta follows less and less."""
        share = np.interp(self.distance, [_CARRIED_FROM, _CARRIED_TO], [_CARRIED_LEAST, 1.0])
        return replace(self, points=self.points + share[:, None] * shift)


@dataclass(frozen=True)
class ProjectedRoute:
    """A route as a view shows it.

    Attributes:
        distance: (n,) arc length (mm).
        points: (n, 2) pixels.
        heading: (n,) direction of travel in the image, x towards y (rad, unwrapped).
        scale: (n,) px a mm.
    """

    distance: FloatArray
    points: FloatArray
    heading: FloatArray
    scale: FloatArray

    def at(self, distance: FloatArray | float) -> FloatArray:
        """(…, 2) pixels at arc lengths (mm)."""
        return interpolated(distance, self.distance, self.points)

    def heading_at(self, distance: FloatArray | float) -> FloatArray:
        """Direction of travel (rad) at arc lengths (mm)."""
        return np.asarray(np.interp(distance, self.distance, self.heading))

    def scale_at(self, distance: FloatArray | float) -> FloatArray:
        return np.asarray(np.interp(distance, self.distance, self.scale))

    def lateral_at(self, distance: FloatArray | float) -> FloatArray:
        """(…, 2) unit vectors across the route, towards the side of AA2."""
        heading = self.heading_at(distance)
        return np.stack([np.sin(heading), -np.cos(heading)], axis=-1)

    def section(self, start: float, end: float, step: float = 2.0) -> FloatArray:
        """(m, 2) pixels from ``start`` to ``end`` (mm), about every ``step`` mm."""
        count = max(2, int(abs(end - start) / step) + 1)
        return self.at(np.linspace(start, end, count, dtype=np.float64))


def projected(route: Route, view: View) -> ProjectedRoute:
    """How ``view`` shows ``route``."""
    points = view.project(route.points)
    along = np.gradient(points, axis=0)
    heading = np.unwrap(np.arctan2(along[:, 1], along[:, 0]))
    return ProjectedRoute(route.distance, points, heading, view.magnification(route.points))


def delivery_route(rng: np.random.Generator, config: RouteConfig, root: Root, view: View) -> Route:
    """The route of the delivery system: descending aorta, arch, ascending aorta, valve, ventricle.

    Frontal headings were read off the reference frame, in which the shaft comes up at the right, over
    the arch beyond the upper edge, and down at the left; on its way the arch runs from back to front.
    """
    along = np.radians([config.angle.draw(rng), config.off_plane.draw(rng)])
    beam = view.beam
    # Turned about the beam away from AA1, as on the published frames, then a little out of the image plane.
    start = unit(_turned(root.normal, beam, along[0]) + np.tan(along[1]) * beam)
    jitter = np.array([config.arch.draw(rng) for _ in range(8)])
    theta = np.degrees(np.arctan2(start[1], start[0]))
    phi = np.degrees(np.arcsin(start[2]))
    bend = 11 + 4 * jitter[0]
    ascending = max(90.0 + 5 * jitter[2], theta + 10)
    frontal = np.array(
        [
            theta - 8 * jitter[1],
            theta,
            theta + 0.2 * bend,
            theta + bend,
            min(theta + bend + 13, ascending - 3),
            ascending,
            ascending + 30 + 6 * jitter[3],
            165 + 7 * jitter[4],
            215 + 7 * jitter[5],
            247 + 5 * jitter[6],
            264 + 4 * jitter[7],
            279 + 4 * jitter[6],
            285 + 4 * jitter[7],
        ]
    )
    depth = config.depth.draw(rng)
    forward = np.array([phi, phi, phi, 0.6 * phi, 0.3 * phi, 10 * depth, 28 * depth, 36 * depth,
                        25 * depth, 8 * depth, 0.0, -2.0, -2.0])  # fmt: skip
    knots = _KNOTS_MM.copy()
    knots[5:] = 120 + (knots[5:] - 120) * config.stretch.draw(rng)
    crossing = np.array([config.lateral.draw(rng), 0.0, config.off_centre.draw(rng)]) @ root.axes
    distance, points = _integrate(
        crossing, -knots[::-1], np.radians(frontal[::-1]), np.radians(forward[::-1])
    )
    return Route(distance, points, root.normal)


def interpolated(where: FloatArray | float, knots: FloatArray, values: FloatArray) -> FloatArray:
    """Linear interpolation of rows: (…, k) at ``where`` of values (n, k) at knots (n,)."""
    columns = [np.interp(where, knots, column) for column in values.T]
    return np.stack(columns, axis=-1)


def smooth(knots: FloatArray, count: int = 80) -> FloatArray:
    """(count, 3) points of a curve through ``knots`` (n, 3)."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    return np.asarray(CubicSpline(length, knots)(np.linspace(0, length[-1], count)))


def _integrate(
    crossing: FloatArray, knots: FloatArray, frontal: FloatArray, forward: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Arc lengths and points of the curve through ``crossing`` at 0 whose headings interpolate the knots'."""
    distance = np.arange(knots[0], knots[-1] + STEP_MM / 2, STEP_MM, dtype=np.float64)
    theta = PchipInterpolator(knots, frontal)(distance)
    phi = PchipInterpolator(knots, forward)(distance)
    step = STEP_MM * np.stack(
        [np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)], axis=-1
    )
    points = np.cumsum(step, axis=0) - step / 2
    return distance, points + crossing - interpolated(0.0, distance, points)


def _turned(vector: FloatArray, axis: FloatArray, angle: float) -> FloatArray:
    """``vector`` (3,) turned by ``angle`` (rad) about the unit vector ``axis`` (Rodrigues)."""
    cos, sin = np.cos(angle), np.sin(angle)
    parallel = axis * (axis @ vector) * (1 - cos)
    return np.asarray(vector * cos + np.cross(axis, vector) * sin + parallel)
