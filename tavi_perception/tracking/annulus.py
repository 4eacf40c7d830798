"""The annulus frame over time: measured while there is contrast, carried by the pigtail afterwards."""

from __future__ import annotations

import math
from dataclasses import replace

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import NAN, AnnulusFrame, AnnulusSource, FloatArray, Keypoints
from tavi_perception.landmarks import ANNULUS, Landmark
from tavi_perception.observation import SeenInAverage
from tavi_perception.tracking.binding import Binding
from tavi_perception.tracking.capsule import CapsuleGauge
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.heartbeat import HeartBeat
from tavi_perception.tracking.pose import (
    AnnulusPose,
    frame_of,
    judged,
    measured_pose,
    spread_of,
    wrapped,
)
from tavi_perception.tracking.validity import DISAGREEMENT, AnnulusEvidence
from tavi_perception.tracking.ventricle import VentricleSide


class AnnulusTracker:
    """Finds the annulus in every frame of one view.

    While AA1 and AA2 are measured, the frame is theirs; the same frames teach the binding to PT, one
    binding an injection. The next injection's binding takes over once it is established, until then the
    former stays.
    """

    def __init__(self) -> None:
        self._beat = HeartBeat()
        self._side = VentricleSide()
        self._contrast_stamp = NAN
        self.unbind()

    def unbind(self) -> None:
        """The pigtail has slipped: the binding to it no longer holds."""
        self._learning = Binding()
        self._binding: Binding | None = None
        self._measured_frames = self._fitting = 0
        """Frames of this injection; how many more of them fit the binding than do not."""

    def update(
        self,
        keypoints: Keypoints,
        stamp: float,
        geometry: CArmGeometry,
        config: TrackingConfig,
        time_jump: bool = False,
        capsule: CapsuleGauge | None = None,
        contradicted: bool = False,
        hinges: SeenInAverage | None = None,
    ) -> AnnulusFrame:
        """The annulus frame of the frame taken at ``stamp`` (s), from its filtered keypoints.

        ``geometry`` belongs to the image of the keypoints. ``time_jump``: this frame does not follow the
        one before it, so it may be learned from but not acted on. ``capsule``: its diameter by the
        calibration, so far. ``contradicted``: pigtail and catheter have moved relative to each other, and
        pigtail and hinge points do not agree. ``hinges``: as seen in the average of the frames before.
        """
        if hinges is not None:
            self._learning.averaged(hinges)
        self._beat.update(keypoints.xy[Landmark.PT] if keypoints.present[Landmark.PT] else None, stamp)
        measured = measured_pose(keypoints)
        if measured is None:
            found, evidence = self._carried(keypoints, stamp, geometry, config)
        else:
            # Hinge points, catheter and pigtail: it is the pigtail that does not fit the two others.
            alone = contradicted and self._binding is not None
            contradicted = contradicted and not alone
            found, evidence = self._measured(measured, keypoints, stamp, geometry, config, alone)
        evidence = replace(
            evidence, time_jump=time_jump, capsule=capsule or evidence.capsule, contradicted=contradicted
        )
        return judged(found, evidence, config)

    def anchored(self, keypoints: Keypoints, config: TrackingConfig) -> bool:
        """Whether the hinge points are measured where an established binding to PT lets expect them."""
        pose = measured_pose(keypoints)
        if pose is None or self._binding is None or not keypoints.measured[Landmark.PT]:
            return False
        beat, stamp = self._beat.components, self._binding.last_stamp
        _, distance = self._binding.fused(pose, keypoints, beat, stamp, config)
        return distance <= DISAGREEMENT

    def _measured(
        self,
        pose: AnnulusPose,
        keypoints: Keypoints,
        stamp: float,
        geometry: CArmGeometry,
        config: TrackingConfig,
        alone: bool,
    ) -> tuple[AnnulusFrame, AnnulusEvidence]:
        """``alone``: without the pigtail, which is misassociated."""
        if stamp - self._contrast_stamp > config.injection_gap:
            self._learning = Binding(self._binding)
            self._measured_frames = self._fitting = 0
        self._contrast_stamp = stamp
        self._measured_frames += 1
        side = self._side.measured(keypoints, pose)
        turn = self._turn(pose, config)
        if not alone:
            self._learn(pose, keypoints, stamp, geometry, config)
        distance = 0.0
        binding = None if alone else self._binding
        seen = bool(keypoints.present[Landmark.PT])
        if binding and seen:
            pose, distance = binding.fused(pose, keypoints, self._beat.components, stamp, config)
        if alone or distance > DISAGREEMENT:
            self._fitting -= 1
        elif seen:
            self._fitting += 1
        evidence = AnnulusEvidence(
            located=side != 0,
            pigtail_side=NAN if alone else _along(pose, keypoints.xy[Landmark.PT]),
            diameter=pose.length * geometry.metres_per_px,
            turn=turn,
            settled=binding is not None or self._measured_frames >= config.binding_frames,
            disagreement=distance,
            spread=spread_of(pose),
        )
        if side == 0:
            return AnnulusFrame(contrast_age=0.0), evidence
        return frame_of(pose, side, AnnulusSource.CONTRAST, 0.0, geometry), evidence

    def _carried(
        self, keypoints: Keypoints, stamp: float, geometry: CArmGeometry, config: TrackingConfig
    ) -> tuple[AnnulusFrame, AnnulusEvidence]:
        age = stamp - self._contrast_stamp
        binding = self._binding
        expired = binding is not None and stamp - binding.last_stamp > config.binding_timeout
        pose, side = None, 0
        if binding is not None and not expired and keypoints.present[Landmark.PT]:
            pose = binding.pose(keypoints, self._beat.components, stamp, config)
            for hinge in ANNULUS:
                if keypoints.measured[hinge]:
                    pose = binding.with_hinge(pose, keypoints, hinge, config)
            side = self._side.carried(keypoints, pose)
        if pose is None or side == 0:
            return AnnulusFrame(contrast_age=age), AnnulusEvidence(located=False, expired=expired)
        # An injection that was steady is believed, whatever its pigtail was before.
        doubtful = self._fitting < 0 and not self._learning.steady(config)
        evidence = AnnulusEvidence(
            located=True,
            diameter=pose.length * geometry.metres_per_px,
            spread=spread_of(pose),
            disagreement=math.inf if doubtful else 0.0,
        )
        return frame_of(pose, side, AnnulusSource.PIGTAIL, age, geometry), evidence

    def _learn(
        self,
        pose: AnnulusPose,
        keypoints: Keypoints,
        stamp: float,
        geometry: CArmGeometry,
        config: TrackingConfig,
    ) -> None:
        diameter = pose.length * geometry.metres_per_px
        plausible = config.annulus_diameter_min <= diameter <= config.annulus_diameter_max
        if keypoints.measured[Landmark.PT] and (plausible or math.isnan(diameter)):
            self._learning.learn(pose, keypoints, self._beat.components, stamp, config)
        if self._learning.established(config):
            self._binding = self._learning

    def _turn(self, pose: AnnulusPose, config: TrackingConfig) -> float:
        if not self._learning.established(config):
            return NAN
        return wrapped(pose.angle - self._learning.estimate(config).angle)


def annulus_from(keypoints: Keypoints, geometry: CArmGeometry, config: TrackingConfig) -> AnnulusFrame:
    """The annulus frame that the keypoints of a single frame show, without memory."""
    geometry = geometry.for_image(keypoints.width, keypoints.height)
    pose = measured_pose(keypoints)
    side = 0 if pose is None else VentricleSide().measured(keypoints, pose)
    if pose is None or side == 0:
        return judged(AnnulusFrame(), AnnulusEvidence(located=False), config)
    evidence = AnnulusEvidence(
        located=True, diameter=pose.length * geometry.metres_per_px, spread=spread_of(pose)
    )
    return judged(frame_of(pose, side, AnnulusSource.CONTRAST, 0.0, geometry), evidence, config)


def _along(pose: AnnulusPose, point: FloatArray) -> float:
    """Place of a point (px) along AA1→AA2 from the origin, as a share of the diameter."""
    x, y = (point - pose.origin).tolist()
    return (x * math.cos(pose.angle) + y * math.sin(pose.angle)) / pose.length
