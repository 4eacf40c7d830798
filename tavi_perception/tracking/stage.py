"""The stage of the implantation, by what is seen of the device."""

from __future__ import annotations

import math

from tavi_perception.estimates import Keypoints, Stage
from tavi_perception.landmarks import CATHETER, INFLOW_EDGE, Landmark
from tavi_perception.tracking.config import TrackingConfig


def stage_of(
    keypoints: Keypoints,
    extraction: float,
    sheathed_px: float,
    config: TrackingConfig,
    before: Stage = Stage.UNKNOWN,
) -> Stage:
    """Stage that a single frame shows.

    - RELEASED: the stent's inflow edge (FE1 and FE2) is seen, and the capsule is off the stent: extraction of
      at least ``release_extraction``, or CD further from the edge than the sheathed length, or neither
      CP nor CD is seen. It stays RELEASED when nothing of the device is seen any more.
    - DEPLOYMENT: the inflow edge is seen otherwise.
    - RETRACTION: no inflow edge, extraction above ``retraction_start``; until it is below ``retraction_end``.
    - POSITIONING: no inflow edge, smaller extraction.
    - What was ``before``: no inflow edge, extraction unknown, but something of the catheter is seen.
    - UNKNOWN: nothing of the device is seen.
    """
    present = keypoints.present
    if present[list(INFLOW_EDGE)].all():
        released = _capsule_is_off(keypoints, extraction, sheathed_px, config)
        return Stage.RELEASED if released else Stage.DEPLOYMENT
    if not present[list(CATHETER)].any():
        return Stage.RELEASED if before is Stage.RELEASED else Stage.UNKNOWN
    if math.isnan(extraction):
        return before
    limit = config.retraction_end if before is Stage.RETRACTION else config.retraction_start
    return Stage.RETRACTION if extraction > limit else Stage.POSITIONING


class StageTracker:
    """Changes the stage only when ``stage_frames`` frames in a row agree; leaves UNKNOWN at once."""

    def __init__(self) -> None:
        self.stage = Stage.UNKNOWN
        self._candidate = Stage.UNKNOWN
        self._frames = 0

    def update(
        self, keypoints: Keypoints, extraction: float, sheathed_px: float, config: TrackingConfig
    ) -> Stage:
        """Stage after this frame."""
        shown = stage_of(keypoints, extraction, sheathed_px, config, self.stage)
        self._frames = self._frames + 1 if shown is self._candidate else 1
        self._candidate = shown
        if self.stage is Stage.UNKNOWN or self._frames >= config.stage_frames:
            self.stage = shown
        return self.stage


def _capsule_is_off(
    keypoints: Keypoints, extraction: float, sheathed_px: float, config: TrackingConfig
) -> bool:
    if not keypoints.present[[Landmark.CP, Landmark.CD]].any():
        return True
    edge = keypoints.xy[list(INFLOW_EDGE)].mean(axis=0)
    distance = math.dist(keypoints.xy[Landmark.CD], edge)
    return extraction >= config.release_extraction or distance > sheathed_px
