"""The annulus frame over time: measured while there is contrast, carried by the pigtail afterwards."""

from __future__ import annotations

import math
from dataclasses import replace

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import NAN, AnnulusFrame, AnnulusSource, FloatArray, Keypoints
from tavi_perception.landmarks import ANNULUS, Landmark
from tavi_perception.tracking.binding import Binding, wrapped
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.heartbeat import HeartBeat
from tavi_perception.tracking.pose import (
    AnnulusPose,
    frame_of,
    judged,
    measured_pose,
    side_of_catheter,
    side_of_junction,
    spread_of,
)
from tavi_perception.tracking.validity import DISAGREEMENT, AnnulusEvidence

_MEMORY = 30
"""Frames' worth of evidence about the side of the ventricle that is remembered at most."""


class AnnulusTracker:
    """Finds the annulus in every frame of one view.

    While AA1 and AA2 are measured, the frame is theirs; the same frames teach the binding to PT, one
    binding an injection. The next injection's binding takes over once it is established, until then the
    former stays. The side of the ventricle is this frame's junction's, else the junction's before, else
    the catheter's.
    """

    def __init__(self, config: TrackingConfig) -> None:
        self.config = config
        self._beat = HeartBeat()
        self.reset()

    def reset(self) -> None:
        """Forget the view: injections, pigtail, side of the ventricle."""
        self.unbind()
        self._contrast_stamp = NAN
        self._junction_evidence = 0
        self._side = 0
        self._beat.reset()

    def unbind(self) -> None:
        """The pigtail has slipped: what was learned about it no longer holds."""
        self._learning = Binding(self.config)
        self._binding: Binding | None = None
        self._measured_frames = 0

    def update(
        self,
        keypoints: Keypoints,
        stamp: float,
        geometry: CArmGeometry,
        time_jump: bool = False,
        capsule: float = NAN,
        contradicted: bool = False,
    ) -> AnnulusFrame:
        """The annulus frame of the frame taken at ``stamp`` (s), from its filtered keypoints.

        ``geometry`` belongs to the image of the keypoints. ``time_jump``: this frame does not follow the
        one before it, so it may be learned from but not acted on. ``capsule``: its diameter by the
        calibration (m). ``contradicted``: pigtail and catheter are not where they were against each other.
        """
        self._beat.update(keypoints.xy[Landmark.PT] if keypoints.present[Landmark.PT] else None, stamp)
        measured = measured_pose(keypoints)
        if measured is None:
            found, evidence = self._carried(keypoints, stamp, geometry)
        else:
            found, evidence = self._measured(measured, keypoints, stamp, geometry)
        evidence = replace(evidence, time_jump=time_jump, capsule=capsule, contradicted=contradicted)
        return judged(found, evidence, self.config)

    def anchored(self, keypoints: Keypoints) -> bool:
        """Whether the hinge points are measured where an established binding to PT lets expect them."""
        pose = measured_pose(keypoints)
        if pose is None or self._binding is None or not keypoints.measured[Landmark.PT]:
            return False
        beat, stamp = self._beat.components, self._binding.last_stamp
        _, distance = self._binding.fused(pose, keypoints, beat, stamp)
        return distance <= DISAGREEMENT

    def _measured(
        self, pose: AnnulusPose, keypoints: Keypoints, stamp: float, geometry: CArmGeometry
    ) -> tuple[AnnulusFrame, AnnulusEvidence]:
        if stamp - self._contrast_stamp > self.config.injection_gap:
            self._learning = Binding(self.config, self._binding)
            self._measured_frames = 0
        self._contrast_stamp = stamp
        self._measured_frames += 1
        side = self._ventricle_side(keypoints, pose)
        turn = self._turn(pose)
        self._learn(pose, keypoints, stamp, geometry)
        distance = 0.0
        if self._binding and keypoints.present[Landmark.PT]:
            pose, distance = self._binding.fused(pose, keypoints, self._beat.components, stamp)
        evidence = AnnulusEvidence(
            located=side != 0,
            pigtail_side=_along(pose, keypoints.xy[Landmark.PT]),
            diameter=pose.length * geometry.metres_per_px,
            turn=turn,
            settled=self._binding is not None or self._measured_frames >= self.config.binding_frames,
            disagreement=distance,
            spread=spread_of(pose),
        )
        if side == 0:
            return AnnulusFrame(contrast_age=0.0), evidence
        return frame_of(pose, side, AnnulusSource.CONTRAST, 0.0, geometry), evidence

    def _carried(
        self, keypoints: Keypoints, stamp: float, geometry: CArmGeometry
    ) -> tuple[AnnulusFrame, AnnulusEvidence]:
        age = stamp - self._contrast_stamp
        binding = self._binding
        expired = binding is not None and stamp - binding.last_stamp > self.config.binding_timeout
        pose = None
        if binding is not None and not expired and keypoints.present[Landmark.PT]:
            pose = binding.pose(keypoints, self._beat.components, stamp)
            for hinge in ANNULUS:
                if keypoints.measured[hinge]:
                    pose = binding.with_hinge(pose, keypoints, hinge)
            self._side = self._side or side_of_catheter(keypoints, pose)
        if pose is None or self._side == 0:
            return AnnulusFrame(contrast_age=age), AnnulusEvidence(located=False, expired=expired)
        evidence = AnnulusEvidence(
            located=True, diameter=pose.length * geometry.metres_per_px, spread=spread_of(pose)
        )
        return frame_of(pose, self._side, AnnulusSource.PIGTAIL, age, geometry), evidence

    def _learn(self, pose: AnnulusPose, keypoints: Keypoints, stamp: float, geometry: CArmGeometry) -> None:
        diameter = pose.length * geometry.metres_per_px
        plausible = self.config.annulus_diameter_min <= diameter <= self.config.annulus_diameter_max
        if keypoints.measured[Landmark.PT] and (plausible or math.isnan(diameter)):
            self._learning.learn(pose, keypoints, self._beat.components, stamp)
        if self._learning.established:
            self._binding = self._learning

    def _turn(self, pose: AnnulusPose) -> float:
        if not self._learning.established:
            return NAN
        return wrapped(pose.angle - self._learning.estimate().angle)

    def _ventricle_side(self, keypoints: Keypoints, pose: AnnulusPose) -> int:
        seen = side_of_junction(keypoints, pose)
        self._junction_evidence = max(-_MEMORY, min(_MEMORY, self._junction_evidence + seen))
        remembered = (self._junction_evidence > 0) - (self._junction_evidence < 0)
        side = seen or remembered or side_of_catheter(keypoints, pose) or self._side
        self._side = remembered or side
        return side


def _along(pose: AnnulusPose, point: FloatArray) -> float:
    """Place of a point (px) along AA1→AA2 from the origin, as a share of the diameter."""
    x, y = (point - pose.origin).tolist()
    return (x * math.cos(pose.angle) + y * math.sin(pose.angle)) / pose.length
