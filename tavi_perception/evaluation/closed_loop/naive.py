"""A perception without tracker and validity, to show what these two are worth in the loop."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import (
    AnnulusFrame,
    AnnulusSource,
    CatheterDeviation,
    DepthReference,
    Keypoints,
    Reason,
    Stage,
)
from tavi_perception.foresight import Predict
from tavi_perception.landmarks import COUNT, Landmark
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.deviation import deviation_from
from tavi_perception.tracking.device import DeviceEstimate, reference_of
from tavi_perception.tracking.pose import frame_of, measured_pose
from tavi_perception.tracking.stage import stage_of

_SIGMA = 3.0 / 1000.0
"""Standard deviation of every coordinate, as a share of the image's width: half a millimetre (unsourced)."""

_SHEATHED = 0.02
"""Extraction below which the capsule covers the stent's inflow edge again."""


class NaivePerception:
    """What a network's keypoints say frame by frame, and every number counts as valid.

    The annulus stays where AA1 and AA2 were last seen in the image, for ever: it follows neither heart nor
    breathing, table or C-arm. Keypoints are raw, their covariances one fixed value. The extraction comes from
    the longest distance CP-CD so far. Once the stent's inflow edge has been seen, it gives the depth until
    the capsule covers it again.
    """

    def __init__(self, predict: Predict, config: TrackingConfig, _stale_after: float) -> None:
        self._predict, self._config = predict, config
        self._annulus = AnnulusFrame()
        self._longest = 0.0
        self._stage = Stage.UNKNOWN
        self._edge_seen = False

    def answer(
        self, image: NDArray[Any], _stamp: float, geometry: CArmGeometry, _age: float
    ) -> CatheterDeviation:
        """The deviation that ``image`` (H, W) uint8 shows."""
        keypoints = _certain(self._predict(np.asarray(image, dtype=np.uint8)))
        geometry = geometry.for_image(keypoints.width, keypoints.height)
        self._see_annulus(keypoints, geometry)
        device = self._device(keypoints)
        found = deviation_from(keypoints, self._annulus, geometry, self._config, device)
        reasons = self._missing(found, geometry)
        return replace(found, valid=not reasons, reasons=reasons, rules=())

    def _see_annulus(self, keypoints: Keypoints, geometry: CArmGeometry) -> None:
        pose = measured_pose(keypoints)
        if pose is None:
            self._annulus = replace(self._annulus, source=AnnulusSource.PIGTAIL)
            return
        self._annulus = frame_of(pose, self._annulus.ventricle_sign, AnnulusSource.CONTRAST, 0.0, geometry)
        proximal, tip = self._annulus.to_annulus(keypoints.xy[[Landmark.CP, Landmark.CT]])[:, 1]
        if tip < proximal:  # the catheter comes from the aorta
            self._annulus = replace(self._annulus, ventricle_sign=-self._annulus.ventricle_sign)

    def _device(self, keypoints: Keypoints) -> DeviceEstimate:
        length = math.dist(keypoints.xy[Landmark.CP], keypoints.xy[Landmark.CD])
        if length > self._longest:
            self._longest = length
        extraction = 1.0 - length / self._longest if self._longest else math.nan
        self._stage = stage_of(keypoints, extraction, self._longest, self._config, self._stage)
        reference = reference_of(keypoints)
        if reference is DepthReference.STENT:
            self._edge_seen = True
        elif extraction < _SHEATHED:
            self._edge_seen = False
        elif self._edge_seen:
            reference = DepthReference.NONE
        return DeviceEstimate(reference, self._stage, extraction)

    def _missing(self, found: CatheterDeviation, geometry: CArmGeometry) -> Reason:
        """What keeps the deviation from having numbers; nothing else counts."""
        if not geometry.calibrated:
            return Reason.UNCALIBRATED
        if math.isnan(self._annulus.x):
            return Reason.NO_ANNULUS
        known = np.isfinite([found.depth, found.depth_sigma, found.lateral, found.angle, found.extraction])
        return Reason.NONE if known.all() else Reason.DEVICE_NOT_VISIBLE


def _certain(keypoints: Keypoints) -> Keypoints:
    """The same with one fixed covariance."""
    sigma = _SIGMA * keypoints.width
    return replace(keypoints, covariance=np.broadcast_to(sigma**2 * np.eye(2), (COUNT, 2, 2)))
