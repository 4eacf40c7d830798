"""What the frames of one injection tell about the annulus and the pigtail, robust to bad ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import FloatArray, Keypoints
from tavi_perception.landmarks import INFLOW_EDGE, Landmark
from tavi_perception.observation import SeenInAverage
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.heartbeat import MAD_TO_SIGMA, CardiacMotion, cardiac_motion_of
from tavi_perception.tracking.pose import AnnulusPose, pose_of, wrapped
from tavi_perception.tracking.validity import DISAGREEMENT

_SAMPLES = 25
"""Frames of an injection that are kept, the most certain ones, and looks at their average, the last ones: two
heart beats at 15 frames/s. With 150, 95 % of the angles were within 2.6° rather than 2.4°, in 50 synthetic
procedures, tuning seeds."""

_CORE_SIGMAS = 1.0
"""Deviation from the median within which a frame enters the mean."""

_SCATTER_SIGMAS = 2.0
"""Deviation from the median within which a frame enters the scatter. With 3, frames of wash-in and wash-out
made it too large: 0.5 % fewer frames were valid in 100 synthetic procedures, tuning seeds, and no depth was
better."""

WEIGHT_POWER = 2.0
"""Power of the inverse variance that weights a frame, or an injection: errors of frames of wash-in and
wash-out are correlated, so that more of them do not help. Least error of the angle with 2, rather than 1
or 0, over 60 synthetic procedures, tuning seeds."""

_LEAST_VARIANCE = 1e-9
"""Lower bound of a variance (px², rad²)."""


@dataclass(frozen=True)
class BindingEstimate:
    """Where the annulus is with respect to the pigtail.

    Attributes:
        offset: (2,) mean of the annulus' origin minus PT (px, in image axes).
        cardiac: its motion about that with the cardiac phase.
        angle: direction of AA1→AA2 in the image (rad).
        length: distance AA1-AA2 (px).
        residual: (3, 3) covariance of offset and angle that the cardiac motion does not explain (px, rad).
        noise: (3, 3) stated covariance of a single frame's offset and angle, or of their average's.
        common: (3, 3) the part of that which all frames of an injection share.
        frames: how many agree on it.
        injections: effective number of injections that they are of, by their weights.
    """

    offset: FloatArray
    cardiac: CardiacMotion
    angle: float
    length: float
    residual: FloatArray
    noise: FloatArray
    common: FloatArray
    frames: int
    injections: float = 1.0

    def correlated(self, config: TrackingConfig) -> FloatArray:
        """(3, 3) the part of the noise that does not average out over the frames of an injection."""
        shared = config.patient_noise + (1.0 - config.patient_noise) / self.injections
        return shared * self.common


class Injection:
    """The frames of one injection, and what was seen in their average.

    The annulus moves against the pigtail with the cardiac phase; that motion is learned by regression. What
    remains is the residual motion and the noise of both measurements. Only the most certain frames are used:
    during wash-in and wash-out hinge points are seen where there are none.
    Where in the mean the annulus is, the average of the frames tells better than the mean of what was seen in
    each (``LandmarkAverage``), unless the two contradict each other.
    """

    def __init__(self) -> None:
        self._rows: list[tuple[float, ...]] = []
        """Offset x, y (px), turn (rad), length (px), and the four ``HeartBeat.components`` (px)."""
        self._noises: list[FloatArray] = []
        """(3, 3) stated covariance of offset and turn, of the same frames."""
        self._averages: list[AnnulusPose] = []
        """As seen in the average of the frames so far, with PT as its origin."""
        self._reference_angle = 0.0
        self._open = 0
        """How many more frames showed the stent's inflow edge than did not."""

    def __len__(self) -> int:
        """How many frames are kept."""
        return len(self._rows)

    @property
    def beside_stent(self) -> bool:
        """Whether the stent was open in most of its frames."""
        return self._open > 0

    def add(self, pose: AnnulusPose, keypoints: Keypoints, beat: FloatArray) -> None:
        """A frame in which annulus and pigtail were measured; ``beat``: ``HeartBeat.components``."""
        if not self._rows:
            self._reference_angle = pose.angle
        self._open += 1 if keypoints.present[list(INFLOW_EDGE)].all() else -1
        offset = pose.origin - keypoints.xy[Landmark.PT]
        turn = wrapped(pose.angle - self._reference_angle)
        noise = pose.covariance.copy()
        noise[:2, :2] += keypoints.covariance[Landmark.PT]
        self._rows.append((*offset, turn, pose.length, *beat))
        self._noises.append(noise)
        if len(self._rows) > _SAMPLES:
            vaguest = int(np.argmax([each[0, 0] + each[1, 1] for each in self._noises]))
            del self._rows[vaguest], self._noises[vaguest]

    def averaged(self, hinges: SeenInAverage) -> None:
        """What was seen in the average of the frames so far."""
        pose = pose_of(hinges.offset, hinges.covariance)
        if pose is not None:
            self._averages = [*self._averages[1 - _SAMPLES :], pose]

    def estimate(self, config: TrackingConfig) -> BindingEstimate:
        """Mean over the inliers, and the part of their scatter that their noise does not explain."""
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
        mean = _weighted(values[core], noises[core], np.ones(count))
        centred = values[inliers] - mean
        fresh = (1.0 - config.correlated_noise) * noise
        length = float(np.median(rows[core, 3]))
        residual = _excess(centred.T @ centred / len(centred), fresh)
        residual += np.diag([1.0, 1.0, 4.0 / length**2]) * (config.binding_residual * length) ** 2
        common = config.correlated_noise * noise
        if self._averages and (shown := self._of_averages(mean, noise)):
            mean, noise = shown
            common = noise  # an average has no other frames with which its noise would average out
        return BindingEstimate(
            mean[:2],
            cardiac,
            wrapped(self._reference_angle + float(mean[2])),
            length,
            residual,
            noise,
            common,
            count,
        )

    def _of_averages(self, mean: FloatArray, noise: FloatArray) -> tuple[FloatArray, FloatArray] | None:
        """Offset and turn (3,) as the averages show them, and their noise; None where the frames differ."""
        seen = [(*each.origin, wrapped(each.angle - self._reference_angle)) for each in self._averages]
        noises = np.array([each.covariance for each in self._averages])
        # A later look sees what the earlier ones saw, and more: it counts by how much it sees.
        frames = np.arange(1, len(seen) + 1, dtype=np.float64)
        averaged = _weighted(np.array(seen), noises, frames)
        stated = np.average(noises, axis=0, weights=frames)
        change = averaged - mean
        if float(change @ np.linalg.inv(noise + stated) @ change) > DISAGREEMENT:
            return None
        return averaged, stated


def _weighted(values: FloatArray, noises: FloatArray, frames: FloatArray) -> FloatArray:
    """(3,) mean of (n, 3) values of covariances (n, 3, 3), seen in so many ``frames`` (n,)."""
    variances = np.maximum(noises.diagonal(axis1=1, axis2=2), _LEAST_VARIANCE)
    weights = frames[:, None] * variances**-WEIGHT_POWER
    return np.asarray(np.average(values, axis=0, weights=weights))


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
