"""The binding of the annulus to the pigtail: learned over the frames of an injection, robust to bad ones."""

from __future__ import annotations

import math

import numpy as np

from tavi_perception.estimates import FloatArray, Keypoints
from tavi_perception.landmarks import Landmark
from tavi_perception.observation import SeenInAverage
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.injection import WEIGHT_POWER, BindingEstimate, Injection
from tavi_perception.tracking.pose import AnnulusPose, wrapped
from tavi_perception.tracking.validity import DISAGREEMENT

_HINGE_GATE = 13.82
"""99.9 % of the chi-square distribution with two degrees of freedom."""

_SLIPPED = 9.0 * DISAGREEMENT
"""Squared Mahalanobis distance of two injections beyond which the pigtail has slipped in between: three times
as far as their noise lets expect. Without a slip, 135 injections of 83 procedures were at most 21 from the
one before where they were steady; after a slip of 3 to 10 mm, in 10 procedures, most were 170 to 2,100, the
others too noisy to tell (tuning seeds)."""


class Binding:
    """What one injection taught about the annulus and the pigtail.

    The part of the noise that is independent from frame to frame averages out; the part that all of them
    share (``correlated_noise``) does not, and does not show in the scatter.
    Of that part, another injection shares most (``patient_noise``): the network errs alike wherever the same
    root is shown. The estimate of the one ``before`` is averaged in.
    What the two differ by beyond their noise is scatter between injections, and part of the covariance: one
    of them is wrong, and the next one, which is surer than both, decides. Where they are too far apart for
    that, the pigtail has slipped: the new one takes the place of the one before, if hinge points were seen
    without interruption for ``device_patience``.
    """

    def __init__(self, before: Binding | None = None) -> None:
        self._before = before
        self._injection = Injection()
        self._averaged_at = -math.inf
        self._estimate: tuple[TrackingConfig, BindingEstimate] | None = None
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
        self._estimate = None
        if stamp - self.last_stamp > config.bridging_time:
            self._run = stamp
        self._steady = max(self._steady, stamp - self._run)
        self.last_stamp = stamp

    def averaged(self, hinges: SeenInAverage) -> None:
        """What was seen in the average of the frames so far, where its last one was learned from."""
        if hinges.stamp == self.last_stamp != self._averaged_at:
            self._averaged_at = hinges.stamp
            self._injection.averaged(hinges)
            self._estimate = None

    def estimate(self, config: TrackingConfig) -> BindingEstimate:
        """What this injection tells, joined with the one before.

        Call it only once ``established``.
        """
        if self._estimate is None or self._estimate[0] is not config:
            own = self._injection.estimate(config)
            before = self._before.estimate(config) if self._before else None
            self._estimate = config, self._joined(before, own, config) if before else own
        return self._estimate[1]

    def _joined(
        self, before: BindingEstimate, own: BindingEstimate, config: TrackingConfig
    ) -> BindingEstimate:
        """Mean of two injections, weighted by their noise and scatter; the new one after a slip."""
        turn = wrapped(own.angle - before.angle)
        change = np.append(own.offset - before.offset, turn)
        differing = 1.0 - config.patient_noise
        covariance = differing * (before.common / before.injections + own.common)
        covariance += before.residual + own.residual
        distance = float(change @ np.linalg.inv(covariance) @ change)
        if distance > _SLIPPED and self.steady(config):
            return own
        # Scatter counts too: it is larger where medium or device hid the pigtail.
        vague = (float(np.trace((e.noise / e.injections + e.residual)[:2, :2])) for e in (before, own))
        first, second = (each**-WEIGHT_POWER for each in vague)
        share = second / (first + second)
        # Variance between studies by their moments (DerSimonian and Laird 1986), of two: half the square of
        # the difference, less what noise makes of it.
        between = max(1.0 - len(change) / distance, 0.0) * np.outer(change, change) / 2 if distance else 0.0
        return BindingEstimate(
            before.offset + share * change[:2],
            before.cardiac.joined(own.cardiac, share),
            wrapped(before.angle + share * turn),
            before.length + share * (own.length - before.length),
            (1.0 - share) * before.residual
            + share * own.residual
            + ((1.0 - share) ** 2 + share**2) * between,
            (1.0 - share) * before.noise + share * own.noise,
            (1.0 - share) * before.common + share * own.common,
            before.frames + own.frames,
            1.0 / ((1.0 - share) ** 2 / before.injections + share**2 / own.injections),
        )

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
