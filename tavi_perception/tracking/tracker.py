"""Tracking as a whole: raw keypoints of frame after frame in, keypoints, annulus and deviation out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import NAN, AnnulusFrame, CatheterDeviation, Keypoints, Reason
from tavi_perception.tracking.annulus import AnnulusTracker
from tavi_perception.tracking.binding import wrapped
from tavi_perception.tracking.capsule import CapsuleGauge
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.deviation import DeviationTracker, deviation_from
from tavi_perception.tracking.device import DeviceTracker
from tavi_perception.tracking.keypoint_filter import KeypointFilter
from tavi_perception.tracking.pigtail import PigtailFilter


@dataclass(frozen=True)
class TrackedFrame:
    """What tracking says about one frame; nothing in it is from another image size than the frame's."""

    keypoints: Keypoints
    annulus: AnnulusFrame
    deviation: CatheterDeviation


class Tracker:
    """Follows one procedure, a frame at a time, in the order of capture.

    Stamps may be irregular. A frame that is doubled or late (by at most ``max_gap``) is answered with
    TIME_JUMP and its own keypoints, and changes nothing. A longer gap starts the view afresh (filter and
    binding) but keeps what is known about the device; a longer step back starts a new procedure. A move
    of the C-arm or another image size starts the view afresh.
    """

    def __init__(self, config: TrackingConfig | None = None) -> None:
        self._config = config or TrackingConfig()
        self._filter = KeypointFilter(self._config)
        self._pigtail = PigtailFilter(self._config)
        self._annulus = AnnulusTracker(self._config)
        self._deviation = DeviationTracker(self._config)
        self._gauge = CapsuleGauge()
        self.reset()

    @property
    def config(self) -> TrackingConfig:
        """Parameters; those that are not read-only may be changed between frames."""
        return self._config

    @config.setter
    def config(self, config: TrackingConfig) -> None:
        self._config = config
        self._annulus.config = config
        self._deviation.config = config
        self._device.config = config

    @property
    def capsule_due(self) -> bool:
        """Whether ``capsule_width`` of the next frame counts; it need not be measured otherwise."""
        return self._gauge.due

    def reset(self) -> None:
        """Start a new procedure: forget everything."""
        self._device = DeviceTracker(self._config)
        self._stamp: float | None = None
        self._view: CArmGeometry | None = None
        self._size = (0, 0)
        self._restart_view()

    def update(
        self, keypoints: Keypoints, stamp: float, geometry: CArmGeometry, capsule_width: float = NAN
    ) -> TrackedFrame:
        """Track the frame taken at ``stamp`` (s).

        Args:
            keypoints: the network's, of this frame.
            stamp: capture time (s), on any clock.
            geometry: of any matrix of the frame's field of view.
            capsule_width: in the image (px), see ``capsule.capsule_width``; NaN where it is not known.

        Raises:
            ValueError: the stamp is not finite.
        """
        if not math.isfinite(stamp):
            raise ValueError(f"tracking: stamp is {stamp}; give the capture time of the frame in seconds")
        step = math.inf if self._stamp is None else stamp - self._stamp
        jumped = self._stamp is not None and not 0.0 < step <= self._config.max_gap
        if -self._config.max_gap <= step <= 0.0:
            return self._out_of_order(keypoints, geometry)
        if step < 0.0:
            self.reset()
        elif jumped:
            self._restart_view()
        self._stamp = stamp
        self._follow_view(keypoints, geometry)

        geometry = geometry.for_image(keypoints.width, keypoints.height)
        filtered = self._filter.update(keypoints, stamp)
        anchored = self._annulus.anchored(filtered)
        filtered = self._pigtail.update(filtered, stamp, anchored)
        # Where pigtail and hinge points agree, it is the catheter that is another thing.
        misplaced = self._pigtail.contradicted and anchored
        contradicted = (self._pigtail.contradicted or self._pigtail.unsettled) and not anchored
        if self._pigtail.slipped:
            self._annulus.unbind()
        capsule = self._gauge.update(capsule_width * geometry.metres_per_px)
        annulus = self._annulus.update(filtered, stamp, geometry, jumped, capsule, contradicted)
        device = self._device.update(filtered, geometry)
        deviation = self._deviation.update(filtered, annulus, geometry, device, stamp, misplaced)
        return TrackedFrame(filtered, annulus, deviation)

    def _out_of_order(self, keypoints: Keypoints, geometry: CArmGeometry) -> TrackedFrame:
        annulus = AnnulusFrame(reasons=Reason.TIME_JUMP)
        deviation = deviation_from(keypoints, annulus, geometry, self._config)
        return TrackedFrame(keypoints, annulus, deviation)

    def _follow_view(self, keypoints: Keypoints, geometry: CArmGeometry) -> None:
        """Start afresh if the C-arm has moved since the view began; slow drift adds up to a move."""
        size = (keypoints.width, keypoints.height)
        if self._view is None:
            self._view, self._size = geometry, size
        elif size != self._size or _moved(self._view, geometry, self._config):
            self._restart_view()
            self._view, self._size = geometry, size

    def _restart_view(self) -> None:
        self._filter.reset()
        self._pigtail.reset()
        self._annulus.reset()
        self._deviation.reset()
        self._gauge.reset()
        self._device.restart_view()


def _moved(before: CArmGeometry, after: CArmGeometry, config: TrackingConfig) -> bool:
    """The same points of the patient may fall on other pixels; NaN equals NaN, as both are unknown."""
    if (before.calibrated, before.image_width, before.image_height) != (
        after.calibrated,
        after.image_width,
        after.image_height,
    ):
        return True
    turns = (
        wrapped(after.primary_angle - before.primary_angle),
        wrapped(after.secondary_angle - before.secondary_angle),
    )
    if any(abs(turn) > config.carm_angle_tolerance for turn in turns):
        return True
    ratios = (
        after.source_to_detector / before.source_to_detector,
        after.source_to_object / before.source_to_object,
        after.imager_pixel_spacing / before.imager_pixel_spacing,
    )
    return any(abs(ratio - 1.0) > config.carm_length_tolerance for ratio in ratios)
