"""The route of a catheter through aortic arch, valve and ventricle, as a curve with arc length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from tavi_perception.simulation.patient import FloatArray, Patient

STEP_MM = 1.0


@dataclass(frozen=True)
class Route:
    """A planar curve. ``distance`` is 0 where it crosses the annulus and grows into the ventricle.

    Attributes:
        distance: (n,) arc length (mm), increasing.
        points: (n, 2) pixels.
        heading: (n,) direction of travel towards the ventricle (rad, unwrapped).
    """

    distance: FloatArray
    points: FloatArray
    heading: FloatArray

    def at(self, distance: FloatArray | float) -> FloatArray:
        """(…, 2) pixels at arc lengths (mm)."""
        s = np.asarray(distance, dtype=np.float64)
        x = np.interp(s, self.distance, self.points[:, 0])
        y = np.interp(s, self.distance, self.points[:, 1])
        return np.stack([x, y], axis=-1)

    def heading_at(self, distance: FloatArray | float) -> FloatArray:
        """Direction of travel (rad) at arc lengths (mm)."""
        return np.asarray(np.interp(distance, self.distance, self.heading))

    def lateral_at(self, distance: FloatArray | float) -> FloatArray:
        """(…, 2) unit vectors across the route, towards the side of AA2."""
        heading = self.heading_at(distance)
        return np.stack([np.sin(heading), -np.cos(heading)], axis=-1)

    def section(self, start: float, end: float, step: float = 2.0) -> FloatArray:
        """(m, 2) pixels from ``start`` to ``end`` (mm), about every ``step`` mm."""
        count = max(2, int(abs(end - start) / step) + 1)
        return self.at(np.linspace(start, end, count, dtype=np.float64))

    def shifted(self, offset: FloatArray) -> Route:
        """The same curve moved by ``offset`` (2,) px."""
        return Route(self.distance, self.points + offset, self.heading)


def delivery_route(patient: Patient) -> Route:
    """The route of the delivery system: ventricle, valve, ascending aorta, arch, descending aorta.

    Headings at distances before the annulus were read off the reference frame (in it the shaft comes
    up at the right, over the arch beyond the image's upper edge, and down at the left).
    """
    jitter, stretch = patient.route_offsets[:8], patient.route_offsets[8]
    start = np.degrees(patient.normal_angle + patient.route_angle)
    ascending = max(90.0 + 5 * jitter[2], start + 10)
    knots_mm = np.array([-70, 0, 30, 70, 95, 120, 150, 180, 215, 245, 310, 380, 560]) * 1.0
    knots_mm[5:] = 120 + (knots_mm[5:] - 120) * stretch
    bend = 11 + 4 * jitter[0]
    headings = np.array(
        [
            start - 8 * jitter[1],
            start,
            start + 0.2 * bend,
            start + bend,
            min(start + bend + 13, ascending - 3),
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
    crossing = patient.to_image(np.array([patient.route_lateral, 0.0]))
    return integrate(crossing, -knots_mm[::-1], np.radians(headings[::-1]), patient.scale)


def integrate(crossing: FloatArray, knots_mm: FloatArray, headings: FloatArray, scale: float) -> Route:
    """The curve through ``crossing`` (px, at distance 0) whose heading interpolates the knots smoothly."""
    distance = np.arange(knots_mm[0], knots_mm[-1] + STEP_MM / 2, STEP_MM, dtype=np.float64)
    heading = PchipInterpolator(knots_mm, headings)(distance)
    steps = STEP_MM * scale * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    points = np.cumsum(steps, axis=0) - steps / 2
    route = Route(distance, points, heading)
    return route.shifted(crossing - route.at(0.0))
