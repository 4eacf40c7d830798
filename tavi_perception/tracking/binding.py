"""The binding of the annulus to the pigtail: learned over the frames of an injection, robust to bad ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import FloatArray, Keypoints
from tavi_perception.landmarks import Landmark
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.heartbeat import MAD_TO_SIGMA, CardiacMotion, cardiac_motion_of
from tavi_perception.tracking.pose import AnnulusPose
from tavi_perception.tracking.validity import DISAGREEMENT

_SAMPLES = 25
"""Frames of an injection that are kept, the most certain ones: two heart beats at 15 frames/s. With 150, 95 %
of the angles were within 2.6° rather than 2.4°, in 50 synthetic procedures, tuning seeds."""

_CORE_SIGMAS = 1.0
"""Deviation from the median within which a frame enters the mean."""

_SCATTER_SIGMAS = 2.0
"""Deviation from the median within which a frame enters the scatter. With 3, frames of wash-in and wash-out
made it too large: 0.5 % fewer frames were valid in 100 synthetic procedures, tuning seeds, and no depth was
better."""

_WEIGHT_POWER = 2.0
"""Power of the inverse variance that weights a frame, or an injection: errors of frames of wash-in and
wash-out are correlated, so that more of them do not help. Least error of the angle with 2, rather than 1
or 0, over 60 synthetic procedures, tuning seeds."""

_LEAST_VARIANCE = 1e-9
"""Lower bound of a variance (px², rad²)."""

_HINGE_GATE = 13.82
"""99.9 % of the chi-square distribution with two degrees of freedom."""


@dataclass(frozen=True)
class BindingEstimate:
    """Where the annulus is with respect to the pigtail.

    Attributes:
        offset: (2,) mean of the annulus' origin minus PT (px, in image axes).
        cardiac: its motion about that with the cardiac phase.
        angle: direction of AA1→AA2 in the image (rad).
        length: distance AA1-AA2 (px).
        residual: (3, 3) covariance of offset and angle that the cardiac motion does not explain (px, rad).
        noise: (3, 3) stated covariance of a single frame's offset and angle.
        frames: how many agree on it.
        injections: effective number of injections that they are of, by their weights.
    """

    offset: FloatArray
    cardiac: CardiacMotion
    angle: float
    length: float
    residual: FloatArray
    noise: FloatArray
    frames: int
    injections: float = 1.0

    def correlated(self, config: TrackingConfig) -> FloatArray:
        """(3, 3) the part of the noise that does not average out over the frames of an injection."""
        shared = config.patient_noise + (1.0 - config.patient_noise) / self.injections
        return config.correlated_noise * shared * self.noise


class Binding:
    """What one injection taught about the annulus and the pigtail.

    The annulus moves against the pigtail with the cardiac phase; that motion is learned by regression. What
    remains is the residual motion and the noise of both measurements. The part of the noise that is
    independent from frame to frame averages out; the part that all of them share (``correlated_noise``)
    does not, and does not show in the scatter. Only the most certain frames are used: during wash-in and
    wash-out hinge points are seen where there are none.
    Of that part, another injection shares most (``patient_noise``): the network errs alike wherever the same
    root is shown. The estimate of the one ``before`` is averaged in.
    Where the two contradict each other, the pigtail has moved, or what looks like an injection is none: the
    one before is kept until hinge points were seen without interruption for ``device_patience``.
    """

    def __init__(self, before: Binding | None = None) -> None:
        self._before = before
        self._rows: list[tuple[float, ...]] = []
        """Offset x, y (px), turn (rad), length (px), and the four ``HeartBeat.components`` (px)."""
        self._noises: list[FloatArray] = []
        """(3, 3) stated covariance of offset and turn, of the same frames."""
        self._estimate: tuple[TrackingConfig, BindingEstimate] | None = None
        self._reference_angle = 0.0
        self._run = self._steady = 0.0
        """Stamp (s) at which the uninterrupted frames began, and the longest time (s) they lasted."""
        self.last_stamp = -math.inf
        """Stamp of the last frame learned from (s)."""

    def established(self, config: TrackingConfig) -> bool:
        """Whether enough frames were seen to rely on it."""
        return len(self._rows) >= config.binding_frames

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
        if not self._rows:
            self._reference_angle = pose.angle
        offset = pose.origin - keypoints.xy[Landmark.PT]
        turn = wrapped(pose.angle - self._reference_angle)
        noise = pose.covariance.copy()
        noise[:2, :2] += keypoints.covariance[Landmark.PT]
        self._rows.append((*offset, turn, pose.length, *beat))
        self._noises.append(noise)
        if len(self._rows) > _SAMPLES:
            vaguest = int(np.argmax([each[0, 0] + each[1, 1] for each in self._noises]))
            del self._rows[vaguest], self._noises[vaguest]
        self._estimate = None
        if stamp - self.last_stamp > config.bridging_time:
            self._run = stamp
        self._steady = max(self._steady, stamp - self._run)
        self.last_stamp = stamp

    def estimate(self, config: TrackingConfig) -> BindingEstimate:
        """Mean over the inliers, and the part of their scatter that their noise does not explain.

        Call it only once ``established``.
        """
        if self._estimate is None or self._estimate[0] is not config:
            own = self._robust_mean(config)
            before = self._before.estimate(config) if self._before else None
            self._estimate = config, self._joined(before, own, config) if before else own
        return self._estimate[1]

    def _joined(
        self, before: BindingEstimate, own: BindingEstimate, config: TrackingConfig
    ) -> BindingEstimate:
        """Mean of two injections, weighted by their noise and scatter; one of them where they contradict."""
        turn = wrapped(own.angle - before.angle)
        change = np.append(own.offset - before.offset, turn)
        differing = config.correlated_noise * (1.0 - config.patient_noise)
        covariance = differing * (before.noise / before.injections + own.noise)
        covariance += before.residual + own.residual
        if float(change @ np.linalg.inv(covariance) @ change) > DISAGREEMENT:
            return own if self.steady(config) else before
        # Scatter counts too: it is larger where medium or device hid the pigtail.
        vague = (float(np.trace((e.noise / e.injections + e.residual)[:2, :2])) for e in (before, own))
        first, second = (each**-_WEIGHT_POWER for each in vague)
        share = second / (first + second)
        return BindingEstimate(
            before.offset + share * change[:2],
            before.cardiac.joined(own.cardiac, share),
            wrapped(before.angle + share * turn),
            before.length + share * (own.length - before.length),
            (1.0 - share) * before.residual + share * own.residual,
            (1.0 - share) * before.noise + share * own.noise,
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
        covariance = estimate.residual + (1.0 - config.correlated_noise) / estimate.frames * estimate.noise
        moved = drift + estimate.cardiac.variance(beat)
        covariance += np.diag([moved, moved, config.binding_turn**2 * age])
        covariance[:2, :2] += keypoints.covariance[Landmark.PT]
        return covariance

    def _robust_mean(self, config: TrackingConfig) -> BindingEstimate:
        rows, noises = np.array(self._rows), np.array(self._noises)
        values, beats, noise = rows[:, :3].copy(), rows[:, 4:], noises.mean(axis=0)
        sigma = math.sqrt(float(np.trace(noise[:2, :2])) / 2)
        cardiac = cardiac_motion_of(values[:, :2], beats, sigma, config.cardiac_motion_prior)
        values[:, :2] -= cardiac.at(beats)
        distance = np.abs(values - np.median(values, axis=0))
        scale = np.maximum(MAD_TO_SIGMA * np.median(distance, axis=0), np.sqrt(np.diag(noise)))
        # Where medium has not reached the nadirs, or the stent hides them, the network's error points to the
        # aorta: such frames lie on one side, so the mean is that of the core of the others.
        core = _within(distance, _CORE_SIGMAS * scale)
        inliers = _within(distance, _SCATTER_SIGMAS * scale)
        count = int(core.sum())
        variances = noises[core].diagonal(axis1=1, axis2=2)
        trust = np.maximum(variances, _LEAST_VARIANCE) ** -_WEIGHT_POWER
        mean = np.average(values[core], axis=0, weights=trust)
        centred = values[inliers] - mean
        fresh = (1.0 - config.correlated_noise) * noise
        length = float(np.median(rows[core, 3]))
        return BindingEstimate(
            mean[:2],
            cardiac,
            wrapped(self._reference_angle + float(mean[2])),
            length,
            _excess(centred.T @ centred / len(centred), fresh)
            + np.diag([1.0, 1.0, 4.0 / length**2]) * (config.binding_residual * length) ** 2,
            noise,
            count,
        )


def _within(distance: FloatArray, limit: FloatArray) -> NDArray[np.bool_]:
    """(n,) which rows of (n, k) distances are all within their limits; all of them where none is."""
    found = np.asarray((distance <= limit).all(axis=1), dtype=np.bool_)
    return found if found.any() else ~found


def _excess(scatter: FloatArray, noise: FloatArray) -> FloatArray:
    """Maximum-likelihood covariance of the part of a ``scatter`` that ``noise`` does not explain.

    In whitened units of the noise: the plain difference of the two may have negative variances.
    """
    root = np.linalg.cholesky(noise)
    whitened = np.linalg.solve(root, np.linalg.solve(root, scatter).T)
    values, vectors = np.linalg.eigh(whitened)
    half = root @ vectors * np.sqrt(np.maximum(values - 1.0, 0.0))
    excess: FloatArray = half @ half.T
    return excess


def wrapped(angle: float) -> float:
    """The same angle within -π…π."""
    return math.remainder(angle, math.tau)
