"""The pigtail against the catheter: both ride on the same heart, so that their distance changes slowly."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tavi_perception.estimates import NAN, FloatArray, Keypoints
from tavi_perception.landmarks import ANNULUS, Landmark
from tavi_perception.tracking.config import TrackingConfig

_COMPANION = Landmark.CD
_IDENTITY: FloatArray = np.eye(2)

_STILL = 0.02
"""How far from where it was expected PT may be seen again at once, as a share of the image: 3.4 mm."""

_SPEED_LASTS = 0.2
"""Time constant (s) of the speed of PT against CD: heart and hand change it within a beat."""

_DRIFT, _FARTHEST = 0.01, 0.015
"""By how much that grows in a second in which it is not seen, as the catheter advances, and at most."""

_RIVAL = 0.02
"""How far something that is not the pigtail may move from one frame to the next, to be one thing."""


class PigtailFilter:
    """Follows PT - CD by a constant-velocity Kalman filter and answers with CD plus what it says.

    Heart and breathing move both by centimetres, one against the other by millimetres: a network that
    takes something else for the pigtail for a few frames stands out, and noise can be averaged. What does
    not fit is refused: the catheter carries the pigtail on for ``pigtail_bridging``, then it is not present
    until it is where it was, give or take what catheter and heart can have moved it. Whether something that
    stays at another place is a pigtail that has slipped or another thing, only an injection tells: what is
    there for ``pigtail_patience`` and while both hinge points are measured is the pigtail, and ``slipped``
    says so once. While CD is not measured, PT is what it is by itself.
    """

    def __init__(self, config: TrackingConfig) -> None:
        self._config = config
        self._gate = -2.0 * math.log(1.0 - config.gate_probability)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.slipped = False
        self._stamp = NAN
        self._last_measured = NAN
        self._state: FloatArray | None = None
        self._covariance: FloatArray = np.zeros((4, 4))
        self._rival: FloatArray | None = None
        self._rival_since = NAN

    def update(self, keypoints: Keypoints, stamp: float) -> Keypoints:
        """The keypoints of the frame taken at ``stamp`` (s) with PT so corrected."""
        self.slipped = False
        step = stamp - self._stamp
        self._stamp = stamp
        if not keypoints.measured[_COMPANION]:
            return keypoints
        size = float(max(keypoints.width, keypoints.height))
        self._predict(step, size)
        if keypoints.measured[Landmark.PT]:
            self._measure(keypoints, stamp, size)
        return self._answer(keypoints, stamp)

    def _predict(self, step: float, size: float) -> None:
        if self._state is None:
            return
        # The speed dies away, so that what is not seen stays where it was last.
        kept = math.exp(-step / _SPEED_LASTS)
        move = np.eye(4)
        move[:2, 2:] = _SPEED_LASTS * (1.0 - kept) * _IDENTITY
        move[2:, 2:] = kept * _IDENTITY
        push = np.concatenate([step**2 / 2 * _IDENTITY, step * _IDENTITY])
        variance = (self._config.pigtail_acceleration * size) ** 2
        self._state = move @ self._state
        self._covariance = move @ self._covariance @ move.T + variance * push @ push.T

    def _measure(self, keypoints: Keypoints, stamp: float, size: float) -> None:
        apart = keypoints.xy[Landmark.PT] - keypoints.xy[_COMPANION]
        noise = keypoints.covariance[Landmark.PT] + keypoints.covariance[_COMPANION]
        if self._state is None:
            self._start(apart, noise, stamp, size)
            return
        change = apart - self._state[:2]
        inverse = np.linalg.inv(self._covariance[:2, :2] + noise)
        away = stamp - self._last_measured
        reach = (_STILL + min(_DRIFT * away, _FARTHEST)) * size
        if float(change @ inverse @ change) > self._gate or math.hypot(*change) > reach:
            contrast = bool(keypoints.measured[list(ANNULUS)].all())
            self._refuse(apart, noise, stamp, size, contrast)
            return
        gain = self._covariance[:, :2] @ inverse
        self._state = self._state + gain @ change
        covariance = self._covariance - gain @ self._covariance[:2]
        self._covariance = (covariance + covariance.T) / 2
        self._last_measured = stamp
        self._rival = None

    def _refuse(
        self, apart: FloatArray, noise: FloatArray, stamp: float, size: float, contrast: bool
    ) -> None:
        """Remember where else something is seen; believe it once it has stayed there."""
        if self._rival is None or math.dist(apart, self._rival) > _RIVAL * size:
            self._rival_since = stamp
        self._rival = apart
        if contrast and stamp - self._rival_since >= self._config.pigtail_patience:
            self._start(apart, noise, stamp, size)
            self.slipped = True

    def _start(self, apart: FloatArray, noise: FloatArray, stamp: float, size: float) -> None:
        speed = (self._config.pigtail_speed * size) ** 2
        self._state = np.concatenate([apart, np.zeros(2)])
        self._covariance = np.zeros((4, 4))
        self._covariance[:2, :2], self._covariance[2:, 2:] = noise, speed * _IDENTITY
        self._last_measured, self._rival = stamp, None

    def _answer(self, keypoints: Keypoints, stamp: float) -> Keypoints:
        if self._state is None:
            return keypoints
        fresh = self._last_measured == stamp
        alive = stamp - self._last_measured <= self._config.pigtail_bridging
        present, measured = keypoints.present.copy(), keypoints.measured.copy()
        xy, covariance = keypoints.xy.copy(), keypoints.covariance.copy()
        present[Landmark.PT], measured[Landmark.PT] = alive, fresh
        if alive:
            xy[Landmark.PT] = xy[_COMPANION] + self._state[:2]
            covariance[Landmark.PT] = self._covariance[:2, :2]
        else:
            xy[Landmark.PT], covariance[Landmark.PT] = NAN, NAN
        return replace(keypoints, present=present, measured=measured, xy=xy, covariance=covariance)
