"""The patient and the view: where the aortic root lies in the image and how large everything is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

REFERENCE_SIZE = 1000
"""Image side that all drawn distributions of positions refer to (px)."""


@dataclass(frozen=True)
class Patient:
    """Aortic root and delivery route of one synthetic patient in one view, at rest.

    Attributes:
        size: side of the square image (px).
        scale: px per mm at the patient.
        origin: (2,) midpoint AA1–AA2 (px).
        normal_angle: direction of the annulus normal into the ventricle, image x towards image y (rad).
        diameter, junction_diameter, junction_height: annulus, STJ and their distance (mm).
        junction_shift: how far the STJ is shifted along the annulus' x axis (mm).
        bulge: how far the sinus walls bulge outwards (mm).
        route_angle: direction of the catheter against the annulus normal at the annulus (rad).
        route_lateral: where the catheter crosses the annulus, from the origin along x (mm).
        route_offsets: random variation of the arch, (headings, stretch); see ``route``.
    """

    size: int
    scale: float
    origin: FloatArray
    normal_angle: float
    diameter: float
    junction_diameter: float
    junction_height: float
    junction_shift: float
    bulge: float
    route_angle: float
    route_lateral: float
    route_offsets: FloatArray

    @property
    def axes(self) -> FloatArray:
        """(2, 2) rows: annulus x (AA1 → AA2) and y (into the ventricle) as unit vectors of the image."""
        cos, sin = np.cos(self.normal_angle), np.sin(self.normal_angle)
        return np.array([[sin, -cos], [cos, sin]])

    def to_image(self, annulus_mm: FloatArray) -> FloatArray:
        """Pixels (…, 2) of points (…, 2) given in annulus coordinates (mm)."""
        return self.origin + np.asarray(annulus_mm, dtype=np.float64) @ self.axes * self.scale

    @property
    def root_points(self) -> FloatArray:
        """(4, 2) pixels of AA1, AA2, STJ1, STJ2."""
        half, junction = self.diameter / 2, self.junction_diameter / 2
        shift, height = self.junction_shift, -self.junction_height
        points = [[-half, 0.0], [half, 0.0], [shift - junction, height], [shift + junction, height]]
        return self.to_image(np.array(points))


def draw_patient(rng: np.random.Generator, size: int) -> Patient:
    """A random patient; distributions surround FIELD.md's "Geometry read off the published frames"."""
    unit = size / REFERENCE_SIZE
    diameter = rng.uniform(17.0, 30.0)
    origin = np.array(
        [np.clip(rng.normal(430, 95), 200, 760), np.clip(rng.normal(590, 85), 330, 800)],
    )
    return Patient(
        size=size,
        scale=rng.uniform(4.7, 7.2) * unit,
        origin=origin * unit,
        normal_angle=np.radians(np.clip(rng.normal(46, 13), 8, 88)),
        diameter=diameter,
        junction_diameter=diameter * rng.uniform(0.95, 1.2),
        junction_height=rng.uniform(19.0, 28.0),
        junction_shift=rng.normal(0.0, 1.2),
        bulge=rng.uniform(1.5, 5.0),
        route_angle=np.radians(np.clip(rng.normal(8, 6), -8, 24)),
        route_lateral=rng.normal(0.0, 2.2),
        route_offsets=np.concatenate([rng.normal(0.0, 1.0, 8), [rng.uniform(0.85, 1.2)]]),
    )
