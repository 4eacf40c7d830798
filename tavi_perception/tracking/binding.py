"""The binding of the annulus to the pigtail: learned over the frames of an injection, robust to bad ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tavi_perception.estimates import FloatArray, Keypoints
from tavi_perception.landmarks import Landmark
from tavi_perception.observation import SeenInAverage
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.injection import BindingEstimate, Injection
from tavi_perception.tracking.joining import BESIDE_STENT, joined, slipped
from tavi_perception.tracking.pose import AnnulusPose, wrapped

_HINGE_GATE = 13.82
"""99.9 % of the chi-square distribution with two degrees of freedom."""


@dataclass(frozen=True)
class _Lessons:
    """What the injections since the last slip of the pigtail tell: beside a sheathed valve, an open stent."""

    config: TrackingConfig
    sheathed: BindingEstimate | None = None
    beside_stent: BindingEstimate | None = None

    def with_(self, own: BindingEstimate, beside_stent: bool) -> _Lessons:
        """With one injection more."""
        alike = self.beside_stent if beside_stent else self.sheathed
        both = joined(alike, own, self.config) if alike else own
        return replace(self, beside_stent=both) if beside_stent else replace(self, sheathed=both)

    @cached_property
    def whole(self) -> BindingEstimate:
        if self.sheathed and self.beside_stent:
            return joined(self.sheathed, self.beside_stent, self.config, BESIDE_STENT)
        found = self.sheathed or self.beside_stent
        assert found is not None, "nothing was learned"
        return found


class Binding:
    """What one injection taught about the annulus and the pigtail.

    The part of the noise that is independent from frame to frame averages out; the part that all of them
    share (``correlated_noise``) does not, and does not show in the scatter.
    Of that part, another injection shares most (``patient_noise``): the network errs alike wherever the same
    root is shown. The estimates of the ones ``before`` are averaged in: those beside a sheathed valve and
    those beside an open stent first among themselves, since the struts mislead the network alike each time.
    What two of them differ by beyond their noise is scatter between them, and part of the covariance. Where
    they are too far apart for that, the pigtail has slipped: the new one takes the place of all before, if
    hinge points were seen without interruption for ``device_patience``.
    """

    def __init__(self, before: Binding | None = None) -> None:
        self._before = before
        self._injection = Injection()
        self._averaged_at = -math.inf
        self._learned: tuple[TrackingConfig, _Lessons] | None = None
        self._run = self._steady = 0.0
        """Stamp (s) at which the uninterrupted frames began, and the longest time (s) they lasted."""
        self.last_stamp = -math.inf
        """Stamp of the last frame learned from (s)."""

    def established(self, config: TrackingConfig) -> bool:
        """Whether enough frames were seen to rely on it."""
        return len(self._injection) >= config.binding_frames

    def steady(self, config: TrackingConfig) -> bool:
        """Whether it was learned without interruption for ``device_patience``."""
        return self._steady >= config.device_patience

    def learn(
        self,
        pose: AnnulusPose,
        keypoints: Keypoints,
        beat: FloatArray,
        stamp: float,
        config: TrackingConfig,
    ) -> None:
        """Add a frame in which annulus and pigtail were measured; ``beat``: ``HeartBeat.components``."""
        self._injection.add(pose, keypoints, beat)
        self._learned = None
        if stamp - self.last_stamp > config.bridging_time:
            self._run = stamp
        self._steady = max(self._steady, stamp - self._run)
        self.last_stamp = stamp

    def averaged(self, hinges: SeenInAverage) -> None:
        """What was seen in the average of the frames so far, where its last one was learned from."""
        if hinges.stamp == self.last_stamp != self._averaged_at:
            self._averaged_at = hinges.stamp
            self._injection.averaged(hinges)
            self._learned = None

    def estimate(self, config: TrackingConfig) -> BindingEstimate:
        """What this injection tells, joined with the ones before.

        Call it only once ``established``.
        """
        return self._lessons(config).whole

    def _lessons(self, config: TrackingConfig) -> _Lessons:
        if self._learned is None or self._learned[0] is not config:
            own = self._injection.estimate(config)
            before = self._before._lessons(config) if self._before else None
            if before is None or (self.steady(config) and slipped(before.whole, own, config)):
                before = _Lessons(config)
            self._learned = config, before.with_(own, self._injection.beside_stent)
        return self._learned[1]

    def pose(
        self, keypoints: Keypoints, beat: FloatArray, stamp: float, config: TrackingConfig
    ) -> AnnulusPose:
        """The annulus as carried by the pigtail; its variance grows linearly with time (a random walk)."""
        estimate = self.estimate(config)
        covariance = self._carried(keypoints, beat, stamp, config) + estimate.correlated(config)
        origin = self._origin(keypoints, beat, config)
        return AnnulusPose(origin, estimate.angle, covariance, estimate.length)

    def fused(
        self,
        measured: AnnulusPose,
        keypoints: Keypoints,
        beat: FloatArray,
        stamp: float,
        config: TrackingConfig,
    ) -> tuple[AnnulusPose, float]:
        """This frame's measurement fused with the carried pose, and their squared Mahalanobis distance.

        Where both are right, the distance follows the chi-square distribution of three degrees of freedom.
        """
        estimate, kept = self.estimate(config), config.correlated_noise
        origin = self._origin(keypoints, beat, config)
        change = np.append(measured.origin - origin, wrapped(measured.angle - estimate.angle))
        carried, fresh = self._carried(keypoints, beat, stamp, config), (1.0 - kept) * measured.covariance
        inverse = np.linalg.inv(carried + fresh)
        gain = carried @ inverse
        step = gain @ change
        covariance = carried - gain @ carried
        pose = AnnulusPose(
            origin + step[:2],
            wrapped(estimate.angle + float(step[2])),
            (covariance + covariance.T) / 2 + kept * measured.covariance,
            estimate.length,
        )
        return pose, float(change @ inverse @ change)

    def with_hinge(
        self, carried: AnnulusPose, keypoints: Keypoints, hinge: Landmark, config: TrackingConfig
    ) -> AnnulusPose:
        """``carried``, corrected by the one hinge point that is measured, half a diameter away.

        A hinge point outside the gate is left out.
        """
        half = carried.length / 2 * (1.0 if hinge is Landmark.AA2 else -1.0)
        cos, sin = half * math.cos(carried.angle), half * math.sin(carried.angle)
        change = keypoints.xy[hinge] - carried.origin - [cos, sin]
        gradient = np.array([[1.0, 0.0, -sin], [0.0, 1.0, cos]])
        noise = (1.0 - config.correlated_noise) * keypoints.covariance[hinge]
        inverse = np.linalg.inv(gradient @ carried.covariance @ gradient.T + noise)
        if float(change @ inverse @ change) > _HINGE_GATE:
            return carried
        gain = carried.covariance @ gradient.T @ inverse
        step = gain @ change
        # In Joseph's form, with the noise that is common to all frames of an injection kept in full.
        kept = np.eye(3) - gain @ gradient
        covariance = kept @ carried.covariance @ kept.T + gain @ keypoints.covariance[hinge] @ gain.T
        angle = wrapped(carried.angle + float(step[2]))
        return AnnulusPose(carried.origin + step[:2], angle, covariance, carried.length)

    def _origin(self, keypoints: Keypoints, beat: FloatArray, config: TrackingConfig) -> FloatArray:
        """(2,) px of the annulus' origin as carried by the pigtail."""
        estimate = self.estimate(config)
        return keypoints.xy[Landmark.PT] + estimate.offset + estimate.cardiac.at(beat)

    def _carried(
        self, keypoints: Keypoints, beat: FloatArray, stamp: float, config: TrackingConfig
    ) -> FloatArray:
        """(3, 3) covariance of the carried pose without the noise that is common to all frames."""
        estimate = self.estimate(config)
        age = max(stamp - self.last_stamp, 0.0)
        drift = (config.binding_drift * estimate.length) ** 2 * age
        covariance = estimate.residual + (estimate.noise - estimate.common) / estimate.frames
        moved = drift + estimate.cardiac.variance(beat)
        covariance += np.diag([moved, moved, config.binding_turn**2 * age])
        covariance[:2, :2] += keypoints.covariance[Landmark.PT]
        return covariance
