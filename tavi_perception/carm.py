"""C-arm geometry: what a pixel measures at the patient, and where its ray lies in space."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

ASPECT_TOLERANCE = 0.01
"""Relative difference of aspect ratio beyond which an image is not the calibrated matrix rescaled."""


class Calibration(IntEnum):
    """Where the pixel size comes from, in order of precedence after UNCALIBRATED."""

    UNCALIBRATED = 0
    USER = 1
    FIDUCIAL = 2
    GEOMETRY = 3
    MAGNIFICATION = 4


@dataclass(frozen=True)
class CArmGeometry:
    """Pinhole geometry of a C-arm for one image matrix.

    Lengths in m, angles in rad (LAO and CRA positive; NaN when unknown). The image frame has its
    origin at the X-ray source, z towards the detector, x right, y down; landmarks lie at
    z = ``source_to_object``. The principal point is the centre of the image.

    Raises:
        ValueError: a length is not finite and positive, the object is not between source and
            detector, or the matrix is empty, while ``calibration`` claims to be calibrated.
    """

    source_to_detector: float
    source_to_object: float
    imager_pixel_spacing: float
    image_width: int
    image_height: int
    primary_angle: float = 0.0
    secondary_angle: float = 0.0
    calibration: Calibration = Calibration.UNCALIBRATED

    def __post_init__(self) -> None:
        if self.calibration is Calibration.UNCALIBRATED:
            return
        for name in ("source_to_detector", "source_to_object", "imager_pixel_spacing"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"C-arm geometry: {name} is {value} m; give a positive length in metres")
        if self.source_to_object > self.source_to_detector:
            raise ValueError(
                f"C-arm geometry: source_to_object ({self.source_to_object} m) exceeds source_to_detector "
                f"({self.source_to_detector} m); the patient is between source and detector"
            )
        if self.image_width <= 0 or self.image_height <= 0:
            raise ValueError(
                f"C-arm geometry: image matrix {self.image_width}x{self.image_height} is empty; "
                "give the size of the images that imager_pixel_spacing refers to"
            )

    @property
    def calibrated(self) -> bool:
        return self.calibration is not Calibration.UNCALIBRATED

    @property
    def metres_per_px(self) -> float:
        """Size of a pixel of the calibrated matrix at the patient (m); NaN when uncalibrated."""
        if not self.calibrated:
            return float("nan")
        return self.imager_pixel_spacing * self.source_to_object / self.source_to_detector

    def for_image(self, width: int, height: int) -> CArmGeometry:
        """The geometry of the same field of view in an image of another resolution.

        A matrix of another aspect ratio is not the same field of view: the result is uncalibrated.
        """
        if not self.calibrated or (width, height) == (self.image_width, self.image_height):
            return self
        scale = self.image_width / width
        if abs(self.image_height / height / scale - 1.0) > ASPECT_TOLERANCE:
            return uncalibrated(width, height)
        return CArmGeometry(
            self.source_to_detector,
            self.source_to_object,
            self.imager_pixel_spacing * scale,
            width,
            height,
            self.primary_angle,
            self.secondary_angle,
            self.calibration,
        )

    @property
    def camera_matrix(self) -> NDArray[np.float64]:
        """(3, 3) pinhole matrix in px that maps points of the image frame to pixels; NaN if uncalibrated."""
        focal = self.source_to_detector / self.imager_pixel_spacing if self.calibrated else float("nan")
        return np.array(
            [
                [focal, 0.0, (self.image_width - 1) / 2],
                [0.0, focal, (self.image_height - 1) / 2],
                [0.0, 0.0, 1.0],
            ]
        )

    def project(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels (…, 2) of points (…, 3) in the image frame (m)."""
        homogeneous = np.asarray(points_m, dtype=np.float64) @ self.camera_matrix.T
        return homogeneous[..., :2] / homogeneous[..., 2:]

    def back_project(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (…, 3) in the image frame (m) of pixels (…, 2), at the depth of the object."""
        points_px = np.asarray(points_px, dtype=np.float64)
        centre = self.camera_matrix[:2, 2]
        plane = (points_px - centre) * self.metres_per_px
        return np.concatenate([plane, np.full((*plane.shape[:-1], 1), self.source_to_object)], axis=-1)


def uncalibrated(width: int, height: int) -> CArmGeometry:
    """A geometry that knows only the size of the image."""
    nan = float("nan")
    return CArmGeometry(nan, nan, nan, width, height, nan, nan)
