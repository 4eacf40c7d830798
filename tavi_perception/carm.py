"""C-arm geometry: what a pixel measures at the patient, and where its ray lies in space."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

ASPECT_TOLERANCE = 0.01
"""Relative difference of aspect ratio beyond which an image is not the calibrated matrix rescaled."""

LENGTH_RANGE = (0.15, 10.0)
"""m, source to detector or to the patient. Mini C-arms have 0.4 m to the detector, those of hybrid rooms up
to 1.3 m; outside lie lengths in a wrong unit, and broken headers."""

SPACING_RANGE = (1e-6, 0.01)
"""m between pixels, at the detector or at the patient; flat detectors have 0.07 to 0.4 mm before binning."""

MAGNIFICATION_RANGE = (1.0, 10.0)
"""Source to detector by source to patient: the patient lies between the two."""

ANGLE_LIMIT = math.pi
"""rad; larger angles are degrees taken for radians."""


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
        ValueError: an angle is none; or, while ``calibration`` claims to be calibrated, a length is one that
            no C-arm has, the object is not between source and detector, or the matrix is empty.
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
        for name in ("primary_angle", "secondary_angle"):
            angle = getattr(self, name)
            if abs(angle) > ANGLE_LIMIT:
                raise ValueError(
                    f"C-arm geometry: {name} is {angle:g} rad; give radians from {-ANGLE_LIMIT:.2f} to "
                    f"{ANGLE_LIMIT:.2f}, or NaN where it is unknown"
                )
        if self.calibration is Calibration.UNCALIBRATED:
            return
        for name, (low, high) in (
            ("source_to_detector", LENGTH_RANGE),
            ("source_to_object", LENGTH_RANGE),
            ("imager_pixel_spacing", SPACING_RANGE),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(
                    f"C-arm geometry: {name} is {value:g} m, which no C-arm has; "
                    f"give metres, from {low:g} to {high:g}"
                )
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
        if self.source_to_detector > MAGNIFICATION_RANGE[1] * self.source_to_object:
            raise ValueError(
                f"C-arm geometry: source_to_detector ({self.source_to_detector} m) is more than "
                f"{MAGNIFICATION_RANGE[1]:g} times source_to_object ({self.source_to_object} m); "
                "give both in metres"
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

        A matrix of another aspect ratio is not the same field of view, and one of a few pixels is no
        image: the result is uncalibrated.
        """
        if not self.calibrated or (width, height) == (self.image_width, self.image_height):
            return self
        scale = self.image_width / width
        spacing = self.imager_pixel_spacing * scale
        other_field = abs(self.image_height / height / scale - 1.0) > ASPECT_TOLERANCE
        if other_field or spacing > SPACING_RANGE[1]:
            return uncalibrated(width, height, self.primary_angle, self.secondary_angle)
        return replace(self, imager_pixel_spacing=spacing, image_width=width, image_height=height)

    @property
    def rotation(self) -> NDArray[np.float64]:
        """(3, 3) rows: image right, image down and beam in patient axes; an unknown angle counts as 0.

        Patient axes: x to the patient's left, y caudal, z from the source to the detector in an AP view
        (anterior, with the tube under the table). They are the image axes of an AP view; like the displayed
        image, which is seen from the detector's side, they are a mirror image of the anatomical triple.
        """
        return rotation(*self._known_angles)

    @property
    def orientation(self) -> NDArray[np.float64]:
        """(4,) quaternion x, y, z, w of the image frame in patient axes: the transpose of ``rotation``."""
        half = np.array(self._known_angles) / 2
        (sin_p, sin_s), (cos_p, cos_s) = np.sin(half), np.cos(half)
        return np.array([cos_p * sin_s, sin_p * cos_s, -sin_p * sin_s, cos_p * cos_s])

    @property
    def _known_angles(self) -> tuple[float, float]:
        primary, secondary = (
            0.0 if math.isnan(angle) else angle for angle in (self.primary_angle, self.secondary_angle)
        )
        return primary, secondary

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


def uncalibrated(
    width: int, height: int, primary_angle: float = math.nan, secondary_angle: float = math.nan
) -> CArmGeometry:
    """A geometry that knows only the size of the image, and its angles (rad) where they are given."""
    return CArmGeometry(math.nan, math.nan, math.nan, width, height, primary_angle, secondary_angle)


def rotation(primary: float, secondary: float) -> NDArray[np.float64]:
    """(3, 3) rows: image right, image down, beam; LAO and CRA turn the detector left and cranially (rad)."""
    cos_p, sin_p = np.cos(primary), np.sin(primary)
    cos_s, sin_s = np.cos(secondary), np.sin(secondary)
    right = np.array([cos_p, 0.0, -sin_p])
    beam = np.array([sin_p * cos_s, -sin_s, cos_p * cos_s])
    down = np.array([sin_p * sin_s, cos_s, cos_p * sin_s])
    return np.stack([right, down, beam])
