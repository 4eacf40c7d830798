"""The device over time: sheathed length, extraction, depth reference and stage."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from statistics import median

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import NAN, DepthReference, Keypoints, Stage
from tavi_perception.landmarks import INFLOW_EDGE, Landmark
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.stage import StageTracker, stage_of

_LENGTHS = 45
"""Frames over whose median the sheathed length is learned, which makes it robust to outliers."""

_COVERED = 0.02
"""Extraction below which the capsule covers the stent's inflow edge: an FE is a misassociation."""

_GUESSED = 8
"""Frames without an inflow edge from which on the catheter's length is guessed well enough to doubt one."""


@dataclass(frozen=True)
class DeviceEstimate:
    """What is known about the device apart from where it is.

    Attributes:
        reference: feature at which the depth of the stent's inflow edge is measured.
        stage: stage of the implantation.
        extraction: share of the stent out of the capsule, 0…1; NaN when unknown.
        foreign: probability that the delivery system is of another make; NaN when unknown.
        doubted: the inflow edge is in sight, but the capsule has not been drawn back as far as is known.
    """

    reference: DepthReference
    stage: Stage
    extraction: float
    foreign: float = NAN
    doubted: bool = False


def device_from(keypoints: Keypoints, geometry: CArmGeometry, config: TrackingConfig) -> DeviceEstimate:
    """State of the device that a single frame shows, without memory.

    Without memory the extraction is known only where ``config.sheathed_length`` and the calibration are.
    """
    geometry = geometry.for_image(keypoints.width, keypoints.height)
    sheathed_px = config.sheathed_length / geometry.metres_per_px
    extraction = _extraction(keypoints, sheathed_px)
    stage = stage_of(keypoints, extraction, sheathed_px, config)
    return DeviceEstimate(reference_of(keypoints), stage, extraction, keypoints.foreign)


class DeviceTracker:
    """Follows the device through a procedure; outlives gaps in time and moves of the C-arm."""

    def __init__(self) -> None:
        self._stage = StageTracker()
        self._reference = DepthReference.NONE
        self._edge_frames = self._bare_frames = self._doubted_frames = 0
        self._lengths: deque[float] = deque(maxlen=_LENGTHS)
        self._learned_px = NAN
        self._metres_per_px = NAN

    def update(self, keypoints: Keypoints, geometry: CArmGeometry, config: TrackingConfig) -> DeviceEstimate:
        """State after this frame; ``geometry`` belongs to the image of the keypoints."""
        self._rescale(geometry.metres_per_px)
        if not keypoints.present[list(INFLOW_EDGE)].any():
            self._learn_length(keypoints, config)
        sheathed_px = self._sheathed_px(config)
        extraction = _extraction(keypoints, sheathed_px)
        doubted = False
        if extraction < _COVERED:
            doubted = self._doubts(keypoints)
            if doubted or not math.isnan(self._established_px(config)):
                keypoints = _without_edge(keypoints)
        self._update_reference(keypoints, extraction, config)
        stage = self._stage.update(keypoints, extraction, sheathed_px, config)
        return DeviceEstimate(self._reference, stage, extraction, doubted=doubted)

    def _doubts(self, keypoints: Keypoints) -> bool:
        """Whether an inflow edge contradicts a guess of the sheathed length, which it would have to outlast.

        One of the two is wrong: the edge, or the guess, where the capsule was open when it was first seen.
        """
        guessed = _GUESSED <= len(self._lengths) < _LENGTHS and self._reference is not DepthReference.STENT
        contradicted = guessed and bool(keypoints.present[list(INFLOW_EDGE)].all())
        self._doubted_frames = self._doubted_frames + 1 if contradicted else 0
        return contradicted and self._doubted_frames <= _LENGTHS

    def restart_view(self) -> None:
        """Forget what was learned in pixels of an uncalibrated view."""
        if math.isnan(self._metres_per_px):
            self._lengths.clear()
            self._learned_px = NAN

    def _rescale(self, metres_per_px: float) -> None:
        """Keep the sheathed length when the size of a pixel changes; it is lost where either is unknown."""
        if metres_per_px == self._metres_per_px or (
            math.isnan(metres_per_px) and math.isnan(self._metres_per_px)
        ):
            return
        ratio = self._metres_per_px / metres_per_px
        self._learned_px *= ratio
        known = [] if math.isnan(ratio) else [ratio * length for length in self._lengths]
        self._lengths = deque(known, maxlen=_LENGTHS)
        self._metres_per_px = metres_per_px

    def _learn_length(self, keypoints: Keypoints, config: TrackingConfig) -> None:
        if not keypoints.measured[[Landmark.CP, Landmark.CD]].all():
            return
        length = math.dist(keypoints.xy[Landmark.CP], keypoints.xy[Landmark.CD])
        if length * self._metres_per_px > config.catheter_length_max:
            return
        self._lengths.append(length)
        if len(self._lengths) == _LENGTHS and not median(self._lengths) <= self._learned_px:
            self._learned_px = median(self._lengths)

    def _sheathed_px(self, config: TrackingConfig) -> float:
        """Given, else learned, else a first guess: three quarters of the few frames so far were shorter."""
        established = self._established_px(config)
        if not math.isnan(established) or not self._lengths:
            return established
        return sorted(self._lengths)[3 * len(self._lengths) // 4]

    def _established_px(self, config: TrackingConfig) -> float:
        """Given, else learned; NaN while there is no more than a guess."""
        given = config.sheathed_length / self._metres_per_px
        return self._learned_px if math.isnan(given) else given

    def _update_reference(self, keypoints: Keypoints, extraction: float, config: TrackingConfig) -> None:
        """The inflow edge takes over once seen for ``stage_frames`` frames, the band once that covers it.

        After a recapture, that is: where the band may give the depth, and the edge is as long not seen.
        """
        edge = keypoints.present[list(INFLOW_EDGE)]
        self._edge_frames = self._edge_frames + 1 if edge.all() else 0
        self._bare_frames = self._bare_frames + 1 if not edge.any() else 0
        if self._reference is not DepthReference.STENT:
            if self._edge_frames >= config.stage_frames:
                self._reference = DepthReference.STENT
            elif keypoints.present[Landmark.CD]:
                self._reference = DepthReference.CAPSULE
        elif self._bare_frames >= config.stage_frames and extraction < config.capsule_extraction_max:
            self._reference = DepthReference.CAPSULE


def _without_edge(keypoints: Keypoints) -> Keypoints:
    present = keypoints.present.copy()
    present[list(INFLOW_EDGE)] = False
    return replace(keypoints, present=present)


def reference_of(keypoints: Keypoints) -> DepthReference:
    """Feature at which a single frame shows the depth of the stent's inflow edge."""
    if keypoints.present[list(INFLOW_EDGE)].all():
        return DepthReference.STENT
    return DepthReference.CAPSULE if keypoints.present[Landmark.CD] else DepthReference.NONE


def _extraction(keypoints: Keypoints, sheathed_px: float) -> float:
    """1 - |CP-CD| / sheathed length, within 0…1; NaN where one of them is unknown."""
    length = math.dist(keypoints.xy[Landmark.CP], keypoints.xy[Landmark.CD])
    extraction = 1.0 - length / sheathed_px
    return min(max(extraction, 0.0), 1.0) if math.isfinite(extraction) else NAN
