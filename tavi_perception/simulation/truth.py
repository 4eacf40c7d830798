"""The true annulus frame and the true deviation of a rendered frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import (
    AnnulusFrame,
    AnnulusSource,
    CatheterDeviation,
    DepthReference,
    FloatArray,
    Keypoints,
    Stage,
)
from tavi_perception.landmarks import ANNULUS, CATHETER, INFLOW_EDGE, Landmark
from tavi_perception.simulation.labels import grades, landmark_points, visible_keypoints
from tavi_perception.simulation.scene import Moment, Scene
from tavi_perception.simulation.view import MM
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.deviation import deviation_from
from tavi_perception.tracking.device import DeviceEstimate, reference_of
from tavi_perception.tracking.pose import AnnulusPose, frame_of

_CONFIG = TrackingConfig(calibration_sigma=0.0, view_tilt=0.0)
"""The truth is judged by the defaults. Checking them takes longer than all the rest of a frame's truth."""


@dataclass(frozen=True)
class Truth:
    """What is true of a rendered frame.

    Attributes:
        keypoints: the visible landmarks, px.
        annulus: the annulus frame, known with or without contrast.
        deviation: of the visible landmarks from it, as DESIGN.md defines it: in the image plane, every
            landmark at the depth of the annulus.
        grades: (11,) ``labels.Grade`` of each landmark.
        points_mm: (11, 3) all existing landmarks in patient axes; NaN for the others.
        spatial_depth: implantation depth in space, along the annulus normal (m); NaN without a device. It
            differs from ``deviation.depth`` by what the projection hides.
        spatial_angle: of the catheter's axis against the annulus normal in space (rad).
    """

    keypoints: Keypoints
    annulus: AnnulusFrame
    deviation: CatheterDeviation
    grades: NDArray[np.uint8]
    points_mm: FloatArray
    spatial_depth: float
    spatial_angle: float


def truth_of(scene: Scene, moment: Moment, contrast_age: float) -> Truth:
    """The truth of the frame that ``scene.render(moment)`` shows.

    Args:
        contrast_age: time since both hinge points were last visible (s); NaN when they never were.
    """
    points = landmark_points(scene, moment)
    pixels = moment.view.project(points)
    graded = grades(scene, moment, pixels)
    keypoints = visible_keypoints(pixels, graded, scene.size)
    geometry = moment.view.geometry
    annulus = true_annulus(pixels, contrast_age, geometry)
    deviation = true_deviation(scene, moment, keypoints, annulus, geometry)
    depth, angle = _in_space(scene, moment, points, deviation.reference)
    return Truth(keypoints, annulus, deviation, graded, points, depth, angle)


def true_annulus(points: FloatArray, contrast_age: float, geometry: CArmGeometry) -> AnnulusFrame:
    """The annulus frame through the hinge points of ``points`` (11, 2) px, known with or without contrast.

    Its source is CONTRAST while the hinge points are visible (``contrast_age`` 0), else PIGTAIL.
    """
    first, second = points[Landmark.AA1], points[Landmark.AA2]
    angle = math.atan2(second[1] - first[1], second[0] - first[0])
    pose = AnnulusPose((first + second) / 2, angle, np.zeros((3, 3)), math.dist(first, second))
    source = AnnulusSource.CONTRAST if contrast_age == 0.0 else AnnulusSource.PIGTAIL
    # The routes are drawn so that the ventricle is on the side of x turned by +90°.
    return replace(frame_of(pose, 1, source, contrast_age, geometry), valid=True)


def true_deviation(
    scene: Scene, moment: Moment, keypoints: Keypoints, annulus: AnnulusFrame, geometry: CArmGeometry
) -> CatheterDeviation:
    """The deviation of the visible landmarks from the true annulus; its standard deviations are 0."""
    device = DeviceEstimate(reference_of(keypoints), _stage(keypoints, moment), _extraction(scene, moment))
    return deviation_from(keypoints, annulus, geometry, _CONFIG, device)


def _stage(keypoints: Keypoints, moment: Moment) -> Stage:
    if moment.device.released:
        return Stage.RELEASED
    if keypoints.present[list(INFLOW_EDGE)].all():
        return Stage.DEPLOYMENT
    if not keypoints.present[list(CATHETER)].any():
        return Stage.UNKNOWN
    return (
        Stage.RETRACTION if moment.device.extraction > TrackingConfig.retraction_start else Stage.POSITIONING
    )


def _extraction(scene: Scene, moment: Moment) -> float:
    """1 − |CP–CD| / sheathed |CP–CD| in the image, whether they are visible or not."""
    if not scene.contents.delivery:
        return float("nan")
    sheathed = replace(moment, device=replace(moment.device, extraction=0.0))
    now, before = (moment.view.project(landmark_points(scene, state)) for state in (moment, sheathed))
    lengths = [math.dist(points[Landmark.CP], points[Landmark.CD]) for points in (now, before)]
    return 1.0 - lengths[0] / lengths[1]


def _in_space(
    scene: Scene, moment: Moment, points: FloatArray, reference: DepthReference
) -> tuple[float, float]:
    """Depth (m) and angle (rad) of the device in space."""
    if not scene.contents.delivery or reference is DepthReference.NONE:
        return float("nan"), float("nan")
    edge = (
        points[Landmark.CD] if reference is DepthReference.CAPSULE else points[list(INFLOW_EDGE)].mean(axis=0)
    )
    origin = points[list(ANNULUS)].mean(axis=0)
    normal = scene.root.normal
    route, _ = scene.routes(moment)
    cosine = float(np.clip(route.tangent_at(0.0) @ normal, -1.0, 1.0))
    return float((edge - origin) @ normal) * MM, math.acos(cosine)
