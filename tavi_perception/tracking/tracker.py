"""Tracking as a whole: observations of frame after frame in, keypoints, annulus and deviation out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tavi_perception.estimates import AnnulusFrame, CatheterDeviation, Keypoints, Reason
from tavi_perception.observation import Observation
from tavi_perception.tracking.annulus import AnnulusTracker
from tavi_perception.tracking.capsule import CapsuleGauge
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.continuity import Continuation
from tavi_perception.tracking.deviation import DeviationTracker, deviation_from
from tavi_perception.tracking.device import DeviceTracker
from tavi_perception.tracking.keypoint_filter import KeypointFilter
from tavi_perception.tracking.make import MakeTracker
from tavi_perception.tracking.pigtail import PigtailFilter


@dataclass(frozen=True)
class TrackedFrame:
    """What tracking says about one frame; nothing in it is from another image size than the frame's."""

    keypoints: Keypoints
    annulus: AnnulusFrame
    deviation: CatheterDeviation

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the validity rules that keep the deviation from being valid."""
        return self.deviation.rules


@dataclass
class _ViewMemory:
    """What is remembered of one view; a new view begins with a new one."""

    keypoints: KeypointFilter = field(default_factory=KeypointFilter)
    pigtail: PigtailFilter = field(default_factory=PigtailFilter)
    annulus: AnnulusTracker = field(default_factory=AnnulusTracker)
    deviation: DeviationTracker = field(default_factory=DeviationTracker)
    capsule: CapsuleGauge = field(default_factory=CapsuleGauge)


class Tracker:
    """Follows one procedure, and forgets what the observation's ``continuation`` says.

    A frame that is out of order is answered with TIME_JUMP and its own keypoints.
    """

    def __init__(self) -> None:
        self._view = _ViewMemory()
        self._device, self._make = DeviceTracker(), MakeTracker()

    @property
    def capsule_due(self) -> bool:
        """Whether the capsule's width counts in the next frame of this view."""
        return self._view.capsule.due

    def update(self, observation: Observation, config: TrackingConfig) -> TrackedFrame:
        """Track one frame."""
        seen, stamp, continuation = observation.keypoints, observation.stamp, observation.continuation
        geometry = observation.geometry.for_image(seen.width, seen.height)
        if continuation is Continuation.OUT_OF_ORDER:
            annulus = AnnulusFrame(reasons=Reason.TIME_JUMP)
            return TrackedFrame(seen, annulus, deviation_from(seen, annulus, geometry, config))
        self._forget(continuation)
        view = self._view
        filtered = view.keypoints.update(seen, stamp, config)
        anchored = view.annulus.anchored(filtered, config)
        filtered = view.pigtail.update(filtered, stamp, config, anchored)
        contradicted = view.pigtail.contradicted and not anchored
        if view.pigtail.slipped:
            view.annulus.unbind()
        view.capsule.update(observation.capsule_widths * geometry.metres_per_px)
        jump = continuation.time_jump
        annulus = view.annulus.update(
            filtered, stamp, geometry, config, jump, view.capsule, contradicted, observation.hinges
        )
        device = self._device.update(filtered, geometry, config)
        device = replace(device, foreign=self._make.update(seen.foreign, stamp))
        deviation = view.deviation.update(filtered, annulus, geometry, device, stamp, config)
        return TrackedFrame(filtered, annulus, deviation)

    def _forget(self, continuation: Continuation) -> None:
        if continuation.new_view:
            self._view = _ViewMemory()
        if continuation.new_procedure:
            self._device, self._make = DeviceTracker(), MakeTracker()
        elif continuation.new_view:
            self._device.restart_view()
