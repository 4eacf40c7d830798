"""The keypoint filter: a constant-velocity Kalman filter for each landmark, and what counts as seen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import BoolArray, FloatArray, Keypoints
from tavi_perception.landmarks import COUNT
from tavi_perception.tracking.config import TrackingConfig

_IDENTITY: FloatArray = np.eye(2)


class KeypointFilter:
    """Smooths keypoints, rejects outliers and carries landmarks over short gaps.

    The state of a landmark is position and velocity (px, px/s); an acceleration that is constant within
    a step and random from step to step drives it (Bar-Shalom, Estimation with Applications to Tracking
    and Navigation, 6.3.2), so that steps may differ in length. A measurement beyond the chi-square gate
    is an outlier; outliers that agree with one another for ``reacquire_frames`` replace the track. What
    is not measured is carried on for at most ``bridging_time``, marked as not measured; later it starts
    afresh, and nothing of the old track enters the new one. The network's errors are correlated from frame to
    frame: the covariances given out hold ``persistent_error`` of its stated variance beside the filter's own.
    """

    def __init__(self) -> None:
        self._stamp = math.nan
        self._alive: BoolArray = np.zeros(COUNT, dtype=bool)
        self._last_measured = np.full(COUNT, -math.inf)
        self._position: FloatArray = np.zeros((COUNT, 2))
        self._velocity: FloatArray = np.zeros((COUNT, 2))
        self._pp: FloatArray = np.zeros((COUNT, 2, 2))
        self._pv: FloatArray = np.zeros((COUNT, 2, 2))
        self._vv: FloatArray = np.zeros((COUNT, 2, 2))
        self._persistent: FloatArray = np.zeros((COUNT, 2, 2))
        self._rival_frames: NDArray[np.int_] = np.zeros(COUNT, dtype=np.int_)
        self._rival_xy: FloatArray = np.zeros((COUNT, 2))
        self._rival_noise: FloatArray = np.zeros((COUNT, 2, 2))

    def update(self, keypoints: Keypoints, stamp: float, config: TrackingConfig) -> Keypoints:
        """Filtered keypoints of the frame taken at ``stamp`` (s), later than the one before.

        ``presence`` stays the network's.
        """
        step = 0.0 if math.isnan(self._stamp) else stamp - self._stamp
        self._stamp = stamp
        length = float(max(keypoints.width, keypoints.height))

        self._predict(step, config.acceleration * length)
        noise = _measurement_noise(keypoints, length, config)
        seen = keypoints.present & np.isfinite(keypoints.xy).all(axis=1)
        innovation = np.where(seen[:, None], keypoints.xy - self._position, 0.0)
        inverse = _inverse(self._pp + noise)
        agrees = seen & (_squared_distance(innovation, inverse) <= config.gate)

        accepted = self._alive & agrees
        self._correct(accepted, innovation, inverse)
        self._last_measured[accepted] = stamp
        self._alive &= stamp - self._last_measured <= config.bridging_time

        speed = config.initial_speed * length
        started = self._rivals_to_believe(keypoints, seen & ~accepted, noise, speed * step, config)
        if started.any():
            self._start(started, keypoints.xy, noise, speed)
            self._last_measured[started] = stamp
        measured = accepted | started
        self._persistent[measured] = config.persistent_error * noise[measured]
        return self._keypoints(keypoints, measured)

    def _predict(self, step: float, acceleration: float) -> None:
        variance = acceleration**2
        self._position += step * self._velocity
        self._pp += (
            step * (self._pv + self._pv.transpose(0, 2, 1))
            + step**2 * self._vv
            + variance * step**4 / 4 * _IDENTITY
        )
        self._pv += step * self._vv + variance * step**3 / 2 * _IDENTITY
        self._vv += variance * step**2 * _IDENTITY

    def _correct(self, accepted: BoolArray, innovation: FloatArray, inverse: FloatArray) -> None:
        used = accepted[:, None, None]
        vp = self._pv.transpose(0, 2, 1)
        gain_position = np.where(used, self._pp @ inverse, 0.0)
        gain_velocity = np.where(used, vp @ inverse, 0.0)
        self._position += (gain_position @ innovation[..., None])[..., 0]
        self._velocity += (gain_velocity @ innovation[..., None])[..., 0]
        self._vv = _symmetric(self._vv - gain_velocity @ self._pv)
        self._pv = self._pv - gain_position @ self._pv
        self._pp = _symmetric(self._pp - gain_position @ self._pp)

    def _rivals_to_believe(
        self,
        keypoints: Keypoints,
        unexplained: BoolArray,
        noise: FloatArray,
        reach_px: float,
        config: TrackingConfig,
    ) -> BoolArray:
        """Which measurements that no track explains have lasted long enough to be the landmark.

        ``reach_px``: how far a landmark moves between two frames, as a standard deviation.
        """
        if not unexplained.any():
            self._rival_frames[:] = 0
            return unexplained
        reach = reach_px**2 * _IDENTITY
        change = np.where(unexplained[:, None], keypoints.xy - self._rival_xy, 0.0)
        distance = _squared_distance(change, _inverse(self._rival_noise + noise + reach))
        consistent = (self._rival_frames > 0) & (distance <= config.gate)
        self._rival_frames = np.where(unexplained, np.where(consistent, self._rival_frames + 1, 1), 0)
        self._rival_xy = np.where(unexplained[:, None], keypoints.xy, 0.0)
        self._rival_noise = noise
        certain: BoolArray = np.greater_equal(keypoints.presence, config.appear_presence)
        needed = np.where(self._alive, config.reacquire_frames, np.where(certain, 1, config.appear_frames))
        lasting: BoolArray = np.greater_equal(self._rival_frames, needed)
        return unexplained & lasting

    def _start(self, started: BoolArray, xy: FloatArray, noise: FloatArray, speed: float) -> None:
        self._alive |= started
        self._rival_frames[started] = 0
        self._position[started] = xy[started]
        self._velocity[started] = 0.0
        self._pp[started] = noise[started]
        self._pv[started] = 0.0
        self._vv[started] = speed**2 * _IDENTITY

    def _keypoints(self, keypoints: Keypoints, measured: BoolArray) -> Keypoints:
        alive = self._alive
        return Keypoints(
            keypoints.width,
            keypoints.height,
            keypoints.presence.copy(),
            alive.copy(),
            measured,
            np.where(alive[:, None], self._position, np.nan),
            np.where(alive[:, None, None], self._pp + self._persistent, np.nan),
        )


def _measurement_noise(keypoints: Keypoints, length: float, config: TrackingConfig) -> FloatArray:
    covariance = keypoints.covariance
    known = np.isfinite(covariance.sum(axis=(1, 2)))[:, None, None]
    unknown = (config.unknown_sigma * length) ** 2 * _IDENTITY
    floor = (config.sigma_floor * length) ** 2 * _IDENTITY
    return np.where(known, covariance, unknown) + floor


def _inverse(matrices: FloatArray) -> FloatArray:
    """Inverses of symmetric matrices (n, 2, 2)."""
    a, b, d = matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 1, 1]
    result = np.empty_like(matrices)
    result[:, 0, 0], result[:, 1, 1] = d, a
    result[:, 0, 1] = result[:, 1, 0] = -b
    result /= (a * d - b * b)[:, None, None]
    return result


def _squared_distance(vectors: FloatArray, inverse: FloatArray) -> FloatArray:
    """Mahalanobis distance squared (n,) of vectors (n, 2)."""
    weighted: FloatArray = (inverse @ vectors[..., None])[..., 0] * vectors
    total: FloatArray = weighted.sum(axis=1)
    return total


def _symmetric(matrices: FloatArray) -> FloatArray:
    return (matrices + matrices.transpose(0, 2, 1)) / 2
