"""The true annulus frame and the true deviation of a rendered frame."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import (
    AnnulusFrame,
    AnnulusSource,
    CatheterDeviation,
    FloatArray,
    Keypoints,
    Reason,
    Stage,
)
from tavi_perception.landmarks import CATHETER, FRAME_EDGE, Landmark
from tavi_perception.simulation.labels import landmark_positions
from tavi_perception.simulation.scene import Moment, Scene
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.deviation import deviation_from
from tavi_perception.tracking.device import DeviceState, reference_of
from tavi_perception.tracking.pose import AnnulusPose, frame_of


def true_annulus(points: FloatArray, contrast_age: float, geometry: CArmGeometry) -> AnnulusFrame:
    """The annulus frame through the hinge points of ``points`` (11, 2) px, known with or without contrast.

    Its source is CONTRAST while the hinge points are visible (``contrast_age`` 0), else PIGTAIL.
    """
    first, second = points[Landmark.AA1], points[Landmark.AA2]
    angle = math.atan2(second[1] - first[1], second[0] - first[0])
    pose = AnnulusPose((first + second) / 2, angle, np.zeros((3, 3)), math.dist(first, second))
    source = AnnulusSource.CONTRAST if contrast_age == 0.0 else AnnulusSource.PIGTAIL
    # The routes are drawn so that the ventricle is on the side of x turned by +90°.
    return frame_of(pose, 1, source, contrast_age, geometry, Reason.NONE)


def true_deviation(
    scene: Scene, moment: Moment, keypoints: Keypoints, annulus: AnnulusFrame, geometry: CArmGeometry
) -> CatheterDeviation:
    """The deviation of the visible landmarks from the true annulus; its standard deviations are 0."""
    device = DeviceState(reference_of(keypoints), _stage(keypoints, moment), _extraction(scene, moment))
    return deviation_from(keypoints, annulus, geometry, TrackingConfig(), device)


def _stage(keypoints: Keypoints, moment: Moment) -> Stage:
    if moment.device.released:
        return Stage.RELEASED
    if keypoints.present[list(FRAME_EDGE)].all():
        return Stage.DEPLOYMENT
    if not keypoints.present[list(CATHETER)].any():
        return Stage.UNKNOWN
    return (
        Stage.RETRACTION if moment.device.extraction > TrackingConfig.retraction_start else Stage.POSITIONING
    )


def _extraction(scene: Scene, moment: Moment) -> float:
    """1 − |CP–CD| / sheathed |CP–CD|, whether they are visible or not."""
    sheathed = replace(moment, device=replace(moment.device, extraction=0.0))
    now, before = (landmark_positions(scene, state) for state in (moment, sheathed))
    lengths = [math.dist(points[Landmark.CP], points[Landmark.CD]) for points in (now, before)]
    return 1.0 - lengths[0] / lengths[1]
