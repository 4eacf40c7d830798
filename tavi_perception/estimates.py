"""What is passed from stage to stage: keypoints, annulus frame and catheter deviation of one frame.

The same types hold estimates and the simulator's ground truth. Unknown numbers are NaN, never 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import COUNT

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
GreyImage = NDArray[np.uint8]
"""(height, width) grey levels, bright = little absorption."""

NAN = float("nan")


class Reason(IntFlag):
    """Why an annulus frame or a deviation is not valid; tavi_msgs/msg/Reason.msg says what each bit means."""

    NONE = 0
    MODEL_NOT_READY = 1
    IMAGE_STALE = 2
    IMAGE_REJECTED = 4
    UNCALIBRATED = 8
    NO_ANNULUS = 16
    ANNULUS_EXPIRED = 32
    DEVICE_NOT_VISIBLE = 64
    LOW_CONFIDENCE = 128
    IMPLAUSIBLE_GEOMETRY = 256
    TIME_JUMP = 512
    IDENTITY_DOUBTFUL = 1024
    CALIBRATION_DOUBTFUL = 2048
    PROCESSING_FAILED = 4096
    UNKNOWN_DEVICE = 8192


class AnnulusSource(IntEnum):
    """How the annulus frame was obtained."""

    NONE = 0
    CONTRAST = 1
    """Measured from AA1 and AA2 in this frame."""
    PIGTAIL = 2
    """Carried along with the pigtail since the last contrast."""


class Stage(IntEnum):
    """Stage of the implantation."""

    UNKNOWN = 0
    POSITIONING = 1
    RETRACTION = 2
    DEPLOYMENT = 3
    RELEASED = 4


class DepthReference(IntEnum):
    """The feature of the device at which the depth of the stent's inflow edge is measured."""

    NONE = 0
    CAPSULE = 1
    """The capsule's marker band CD, while the stent is sheathed."""
    STENT = 2
    """The mean of FE1 and FE2."""


@dataclass(frozen=True)
class Keypoints:
    """The 11 keypoints of one frame, in the order of ``Landmark``, in pixels of the original image.

    Attributes:
        width, height: size of the image (px).
        presence: (11,) probability that the landmark is visible in this frame.
        present: (11,) it passed its threshold.
        measured: (11,) it was seen in this frame; False where the tracker bridged it.
        xy: (11, 2) column and row (px), NaN where not present.
        covariance: (11, 2, 2) of ``xy`` (px²), NaN where unknown.
        foreign: probability that a delivery system of another make is in the field; NaN where the model does
            not tell makes apart.
    """

    width: int
    height: int
    presence: FloatArray
    present: BoolArray
    measured: BoolArray
    xy: FloatArray
    covariance: FloatArray
    foreign: float = NAN

    def __post_init__(self) -> None:
        expected = {
            "presence": (COUNT,),
            "present": (COUNT,),
            "measured": (COUNT,),
            "xy": (COUNT, 2),
            "covariance": (COUNT, 2, 2),
        }
        for name, shape in expected.items():
            actual = np.shape(getattr(self, name))
            if actual != shape:
                raise ValueError(f"Keypoints.{name} has shape {actual}, not {shape}")

    @classmethod
    def absent(cls, width: int, height: int) -> Keypoints:
        """No landmark seen."""
        return cls(
            width,
            height,
            np.zeros(COUNT),
            np.zeros(COUNT, dtype=bool),
            np.zeros(COUNT, dtype=bool),
            np.full((COUNT, 2), NAN),
            np.full((COUNT, 2, 2), NAN),
        )


@dataclass(frozen=True)
class AnnulusFrame:
    """The annulus frame in the image: origin midpoint AA1–AA2, x along AA1→AA2, y into the ventricle.

    Attributes:
        source: how it was obtained.
        valid: it may be used in pixels; metric fields are NaN when the image is uncalibrated.
        reasons: why it is not valid. rules: names of the rules that say so.
        contrast_age: time since the annulus was last measured (s); NaN when it never was.
        x, y: origin (px).
        angle: direction of the x axis in the image, from image x towards image y (rad).
        covariance: (3, 3) of x, y (px) and angle (rad).
        ventricle_sign: +1 when y is x turned by +90° (image x towards image y), −1 when by −90°.
        diameter: distance AA1–AA2 (m).
        position: (3,) origin in the image frame (m).
        orientation: (4,) quaternion x, y, z, w of the annulus frame in the image frame.
    """

    source: AnnulusSource = AnnulusSource.NONE
    valid: bool = False
    reasons: Reason = Reason.NONE
    contrast_age: float = NAN
    x: float = NAN
    y: float = NAN
    angle: float = NAN
    covariance: FloatArray = field(default_factory=lambda: np.full((3, 3), NAN))
    ventricle_sign: int = 1
    diameter: float = NAN
    position: FloatArray = field(default_factory=lambda: np.full(3, NAN))
    orientation: FloatArray = field(default_factory=lambda: np.full(4, NAN))
    rules: tuple[str, ...] = ()

    @property
    def axes(self) -> FloatArray:
        """(2, 2) rows: unit vectors of annulus x and y in the image."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return np.array([[cos, sin], [-self.ventricle_sign * sin, self.ventricle_sign * cos]])

    def to_annulus(self, xy_px: FloatArray) -> FloatArray:
        """Points (…, 2) of the image in annulus coordinates (…, 2), still in px."""
        turned: FloatArray = (np.asarray(xy_px) - np.array([self.x, self.y])) @ self.axes.T
        return turned


@dataclass(frozen=True)
class CatheterDeviation:
    """Where the device is with respect to the annulus, and whether a robot may act on it.

    Lengths in m, angles in rad, NaN when unknown.

    Attributes:
        valid, reasons: whether it may be acted on, and if not, why. rules: names of the rules that say so.
        stage: stage of the implantation.
        reference: feature of the device at which the depth is measured.
        depth, depth_sigma: implantation depth, positive into the ventricle, and its standard deviation.
        depth_error: depth − target.
        lateral, lateral_sigma: where the catheter's axis crosses the annulus line, from the origin.
        angle, angle_sigma: catheter's axis against the annulus normal.
        stent_tilt: depth of FE2 − depth of FE1.
        extraction: share of the stent out of the capsule, 0…1.
        within_tolerance: valid and |depth_error| ≤ tolerance.
        landmarks: (11, 3) annulus coordinates of the landmarks.
        annulus_source: source of the annulus frame used.
    """

    valid: bool = False
    reasons: Reason = Reason.NONE
    stage: Stage = Stage.UNKNOWN
    reference: DepthReference = DepthReference.NONE
    depth: float = NAN
    depth_sigma: float = NAN
    depth_error: float = NAN
    lateral: float = NAN
    lateral_sigma: float = NAN
    angle: float = NAN
    angle_sigma: float = NAN
    stent_tilt: float = NAN
    extraction: float = NAN
    within_tolerance: bool = False
    landmarks: FloatArray = field(default_factory=lambda: np.full((COUNT, 3), NAN))
    annulus_source: AnnulusSource = AnnulusSource.NONE
    rules: tuple[str, ...] = ()
