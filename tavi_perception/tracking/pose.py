"""The pose of the annulus in the image, as the hinge points of one frame show it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import AnnulusFrame, AnnulusSource, FloatArray, Keypoints
from tavi_perception.landmarks import ANNULUS
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.validity import ANNULUS_RULES, AnnulusEvidence, judge


@dataclass(frozen=True)
class AnnulusPose:
    """Origin and direction of the annulus in the image.

    Attributes:
        origin: (2,) midpoint of AA1 and AA2 (px).
        angle: direction of AA1→AA2, from image x towards image y (rad).
        covariance: (3, 3) of origin (px) and angle (rad).
        length: distance AA1-AA2 (px).
    """

    origin: FloatArray
    angle: float
    covariance: FloatArray
    length: float


def judged(frame: AnnulusFrame, evidence: AnnulusEvidence, config: TrackingConfig) -> AnnulusFrame:
    """``frame`` with the reasons that ``evidence`` gives against it, valid where there is none."""
    verdict = judge(ANNULUS_RULES, evidence, config)
    return replace(frame, valid=not verdict.reasons, reasons=verdict.reasons, rules=verdict.rules)


def measured_pose(keypoints: Keypoints) -> AnnulusPose | None:
    """Pose from AA1 and AA2; None unless both are measured, at least a pixel apart."""
    points = list(ANNULUS)
    if not keypoints.measured[points].all():
        return None
    return pose_of(keypoints.xy[points], keypoints.covariance[points])


def pose_of(hinges: FloatArray, covariances: FloatArray) -> AnnulusPose | None:
    """Pose from AA1 and AA2 (2, 2), of covariances (2, 2, 2); None unless they are at least a pixel apart."""
    first, second = hinges
    length = math.dist(first, second)
    if not length >= 1.0:
        return None
    angle = math.atan2(second[1] - first[1], second[0] - first[0])
    sin, cos = math.sin(angle) / length, math.cos(angle) / length
    from_first = np.array([[0.5, 0.0], [0.0, 0.5], [sin, -cos]])
    from_second = np.array([[0.5, 0.0], [0.0, 0.5], [-sin, cos]])
    covariance = from_first @ covariances[0] @ from_first.T + from_second @ covariances[1] @ from_second.T
    return AnnulusPose((first + second) / 2, angle, covariance, length)


def spread_of(pose: AnnulusPose) -> float:
    """Standard deviation of the origin in its worst direction, as a share of the diameter."""
    (xx, xy), (_, yy) = pose.covariance[:2, :2]
    largest = (xx + yy) / 2 + math.hypot((xx - yy) / 2, xy)
    return math.sqrt(max(largest, 0.0)) / pose.length


def frame_of(
    pose: AnnulusPose,
    side: int,
    source: AnnulusSource,
    contrast_age: float,
    geometry: CArmGeometry,
) -> AnnulusFrame:
    """The annulus frame of a pose, not yet judged; ``geometry`` belongs to the image of the pose."""
    return AnnulusFrame(
        source=source,
        contrast_age=contrast_age,
        x=float(pose.origin[0]),
        y=float(pose.origin[1]),
        angle=pose.angle,
        covariance=pose.covariance,
        ventricle_sign=side,
        diameter=pose.length * geometry.metres_per_px,
        position=geometry.back_project(pose.origin),
        orientation=_quaternion(pose.angle, side),
    )


def _quaternion(angle: float, side: int) -> FloatArray:
    """x, y, z, w of the rotation with x along the annulus and y into the ventricle, both in the image plane.

    With y turned by +90° it is a turn about z; with y turned by -90° half a turn about x comes before it.
    """
    sin, cos = math.sin(angle / 2), math.cos(angle / 2)
    return np.array([0.0, 0.0, sin, cos] if side > 0 else [cos, sin, 0.0, 0.0])


def wrapped(angle: float) -> float:
    """The same angle within -π…π."""
    return math.remainder(angle, math.tau)
