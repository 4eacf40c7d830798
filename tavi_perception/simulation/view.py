"""How a C-arm sees the patient: rotation by its angles, projection of points in mm to pixels.

Patient axes are those of ``CArmGeometry.rotation``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tavi_perception.carm import CArmGeometry

FloatArray = NDArray[np.float64]

MM = 1e-3
"""m."""


@dataclass(frozen=True)
class View:
    """One position of C-arm and table.

    Attributes:
        geometry: source, detector, matrix and angles.
        centre: (3,) point of the patient (mm) that lies on the optical axis, at the depth
            ``geometry.source_to_object``.
    """

    geometry: CArmGeometry
    centre: FloatArray

    @cached_property
    def rotation(self) -> FloatArray:
        """(3, 3) rows: image right, image down and beam direction in patient axes."""
        return self.geometry.rotation

    @property
    def beam(self) -> FloatArray:
        """(3,) unit vector from source to detector along the optical axis, in patient axes."""
        return np.asarray(self.rotation[2])

    @property
    def px_per_mm(self) -> float:
        """Pixels a millimetre at the depth of the object."""
        return MM / self.geometry.metres_per_px

    def to_image_frame(self, points: FloatArray) -> FloatArray:
        """Points (…, 3) of the patient (mm) in the image frame (m), origin at the source."""
        turned = (np.asarray(points, dtype=np.float64) - self.centre) @ self.rotation.T * MM
        turned[..., 2] += self.geometry.source_to_object
        return np.asarray(turned)

    def project(self, points: FloatArray) -> FloatArray:
        """Pixels (…, 2) of points (…, 3) of the patient (mm)."""
        return self.geometry.project(self.to_image_frame(points))

    def magnification(self, points: FloatArray) -> FloatArray:
        """(…) pixels a millimetre at points (…, 3) of the patient (mm)."""
        depth = self.to_image_frame(points)[..., 2]
        return np.asarray(self.px_per_mm * self.geometry.source_to_object / depth)

    def rays(self, columns: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Source (3,) and unit directions (…, 3) in patient axes (mm) of the rays through pixels."""
        g = self.geometry
        pitch = g.imager_pixel_spacing / MM
        local = np.stack(
            [
                (columns - (g.image_width - 1) / 2) * pitch,
                (rows - (g.image_height - 1) / 2) * pitch,
                np.full(np.shape(columns), g.source_to_detector / MM),
            ],
            axis=-1,
        )
        local /= np.linalg.norm(local, axis=-1, keepdims=True)
        source = self.centre - self.beam * g.source_to_object / MM
        return source, local @ self.rotation


def unit(vector: NDArray[np.floating[Any]]) -> FloatArray:
    """Vectors (…, 3) scaled to length 1."""
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True))
