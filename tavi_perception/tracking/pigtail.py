"""The pigtail relative to the catheter: both move with the same heart, so their distance changes slowly."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from tavi_perception.estimates import NAN, FloatArray, Keypoints
from tavi_perception.landmarks import ANNULUS, Landmark
from tavi_perception.tracking.axis import across_catheter
from tavi_perception.tracking.config import TrackingConfig

_COMPANION = Landmark.CD
_IDENTITY: FloatArray = np.eye(2)

_STILL = 0.02
"""How far from where it was expected PT may be seen again at once, as a share of the image: 3.4 mm."""

_SPEED_LASTS = 0.2
"""Time constant (s) of the velocity of PT relative to CD: heart and robot change it within a beat."""

_DRIFT, _FARTHEST = 0.01, 0.015
"""Growth of that per second in which PT is not seen, as the catheter advances, and its limit."""

_ACROSS = 0.01
"""Acceleration of PT relative to CD across the catheter, as a share of that along it: heart and robot move
the catheter through the annulus, not sideways in it."""

_SIDEWAYS = 0.01
"""Standard deviation across the catheter within which PT is still the pigtail, as a share of the image."""

_HIDDEN = 0.02
"""Standard deviation across the catheter of a PT that contrast medium hides, as a share of the image."""

_RIVAL = 0.02
"""How far an outlier may move from one frame to the next to be the same object, as a share of the image."""

_HOME_S, _HOME_FRAMES = 2.0, 60
"""Time (s) over which the place of the pigtail in the image is averaged, two heart beats; and frames over
which that of an outlier is: two beats at 30 frames/s."""


class PigtailFilter:
    """Follows PT - CD by a constant-velocity Kalman filter and answers with CD plus what it says.

    Heart and robot move the one relative to the other along the catheter, hardly across it: the filter
    follows the motion along it and averages across it, also through an injection, whose medium hides the
    pigtail.

    - A measurement outside the gate is an outlier; or the one before it was, if it fits without that.
    - The pigtail is ``contradicted`` while there are outliers, and afterwards if the filter has moved to
      another place meanwhile, until it is back, or ``anchored``.
    - Unseen, it is bridged for ``pigtail_bridging``; then it is lost until it was seen for
      ``pigtail_patience`` where catheter and heart can have moved it. After ``pigtail_memory`` it is not
      found again.
    - Whether an outlier that persists is a slipped pigtail or a misassociation, only contrast can decide: one
      that persists for ``pigtail_patience`` while both hinge points are measured is the pigtail, and
      ``slipped`` says so once. If the hinge points have kept their place to the pigtail, or the pigtail its
      place in the image, the catheter has moved against it, and it takes ``device_patience`` to follow PT
      from there.

    While CD is not measured, PT is the keypoint filter's.
    """

    def __init__(self) -> None:
        self.slipped = False
        self.contradicted = False
        """What was seen last is an outlier, less than ``bridging_time`` ago, or the track has moved since."""
        self._contradicted_stamp = -math.inf
        self._undisputed: FloatArray | None = None
        """PT - CD (2,) px before it was contradicted, until it is there again."""
        self._rival_stamp = NAN
        self._stamp = NAN
        self._track: _Track | None = None
        self._clear: _Track | None = None
        """The track as it was last without contrast."""
        self._before_last: _Track | None = None
        """The track without its last measurement: where the next does not fit, that may be the outlier."""
        self._lost: _Track | None = None
        """The track as it was when it was lost, while what fits it has not lasted."""
        self._returned_stamp = NAN
        self._rival: FloatArray | None = None
        self._rival_since = NAN
        self._rival_places: deque[FloatArray] = deque(maxlen=_HOME_FRAMES)
        """(2,) px of the outlier in the image since then."""
        self._home: FloatArray | None = None
        """(2,) px of the pigtail in the image, averaged over heart beats, while nothing contradicted it."""
        self._home_stamp = NAN

    def update(
        self, keypoints: Keypoints, stamp: float, config: TrackingConfig, anchored: bool = False
    ) -> Keypoints:
        """The keypoints of the frame taken at ``stamp`` (s) with the filtered PT.

        ``anchored``: PT is where it was relative to the hinge points, so that it cannot have slipped.
        """
        self.slipped = False
        step = stamp - self._stamp
        self._stamp = stamp
        size = float(max(keypoints.width, keypoints.height))
        across = across_catheter(keypoints)
        acceleration = _IDENTITY - (1.0 - _ACROSS**2) * across
        acceleration *= (config.pigtail_acceleration * size) ** 2
        move, spread = _transition(step, acceleration)
        for track in filter(None, (self._track, self._lost, self._clear, self._before_last)):
            track.predict(move, spread)
        if keypoints.measured[_COMPANION]:
            if keypoints.measured[Landmark.PT]:
                self._measure(keypoints, across, stamp, size, anchored, config)
            keypoints = self._answer(keypoints, stamp, config)
        if stamp - self._rival_stamp > config.pigtail_memory:
            self._rival = None
        self._judge(stamp, size, anchored, config)
        return keypoints

    def _judge(self, stamp: float, size: float, anchored: bool, config: TrackingConfig) -> None:
        """Update ``contradicted``."""
        if self._rival is not None:
            if self._track and self._undisputed is None:
                self._undisputed = self._track.state[:2].copy()
            self._contradicted_stamp = stamp
        away = stamp - self._contradicted_stamp
        recent = away < config.bridging_time
        track, undisputed = self._track, self._undisputed
        moved = (
            track is not None
            and undisputed is not None
            and not anchored
            and math.dist(track.state[:2], undisputed) > _reach(away) * size
        )
        # One that is seen where it was, between outliers, is no other object: it is trusted at once.
        self.contradicted = moved or (recent and self._rival is not None)
        if not (recent or moved):
            self._undisputed = None

    def _measure(
        self,
        keypoints: Keypoints,
        across: FloatArray,
        stamp: float,
        size: float,
        anchored: bool,
        config: TrackingConfig,
    ) -> None:
        apart = keypoints.xy[Landmark.PT] - keypoints.xy[_COMPANION]
        noise = keypoints.covariance[Landmark.PT] + keypoints.covariance[_COMPANION]
        if keypoints.measured[list(ANNULUS)].any():
            noise = noise + (_HIDDEN * size) ** 2 * across
        if self._track is None:
            self._start(apart, noise, stamp, size, config)
            return
        track = self._fitting(apart, noise + (_SIDEWAYS * size) ** 2 * across, stamp, size, config)
        if track is None:
            contrast = bool(keypoints.measured[list(ANNULUS)].all())
            self._refuse(apart, keypoints.xy[Landmark.PT], noise, stamp, size, contrast, anchored, config)
            return
        if not self.contradicted:
            self._settle(keypoints.xy[Landmark.PT], stamp)
        away = stamp - track.stamp
        self._track, self._before_last = replace(track), replace(track)
        self._track.correct(apart, noise, stamp)
        if not keypoints.measured[list(ANNULUS)].any():
            self._clear = replace(self._track)
        self._rival = None
        if away > config.pigtail_bridging:
            self._lost, self._returned_stamp = self._lost or replace(self._before_last), stamp
        elif self._lost and stamp - self._returned_stamp >= config.pigtail_patience:
            self._lost = None

    def _fitting(
        self, apart: FloatArray, noise: FloatArray, stamp: float, size: float, config: TrackingConfig
    ) -> _Track | None:
        """The track whose gate ``apart`` (px) passes: the present one, the last without contrast, or without
        the last measurement."""
        # Medium hides catheter and pigtail: the track under contrast may be wrong.
        for track in filter(None, (self._track, self._clear, self._before_last)):
            away = stamp - track.stamp
            reach = _reach(away) * size
            if away <= config.pigtail_memory and track.fits(apart, noise, config.gate, reach):
                return track
        return None

    def _settle(self, place: FloatArray, stamp: float) -> None:
        """Average the ``place`` (2,) px of the pigtail in the image."""
        if self._home is None:
            self._home = place.copy()
        else:
            self._home = self._home - math.expm1((self._home_stamp - stamp) / _HOME_S) * (place - self._home)
        self._home_stamp = stamp

    def _refuse(
        self,
        apart: FloatArray,
        place: FloatArray,
        noise: FloatArray,
        stamp: float,
        size: float,
        contrast: bool,
        anchored: bool,
        config: TrackingConfig,
    ) -> None:
        """Remember an outlier; accept it as the pigtail once it has persisted."""
        if self._lost:
            self._track, self._lost = self._lost, None
        unseen = stamp - self._rival_stamp > config.pigtail_bridging
        if self._rival is None or unseen or math.dist(apart, self._rival) > _RIVAL * size:
            self._rival_since = stamp
            self._rival_places.clear()
        self._rival, self._rival_stamp = apart, stamp
        self._rival_places.append(place)
        waited = stamp - self._rival_since
        if waited >= config.device_patience and (anchored or self._at_home(stamp, size, config)):
            self._start(apart, noise, stamp, size, config)
        elif contrast and not anchored and waited >= config.pigtail_patience:
            self._start(apart, noise, stamp, size, config)
            self.slipped = True

    def _at_home(self, stamp: float, size: float, config: TrackingConfig) -> bool:
        """Whether the outlier is, on average, where the pigtail was in the image."""
        if self._home is None or stamp - self._home_stamp > config.pigtail_memory:
            return False
        return math.dist(np.mean(self._rival_places, axis=0), self._home) <= _STILL * size

    def _start(
        self, apart: FloatArray, noise: FloatArray, stamp: float, size: float, config: TrackingConfig
    ) -> None:
        speed = (config.pigtail_speed * size) ** 2
        covariance = np.zeros((4, 4))
        covariance[:2, :2], covariance[2:, 2:] = noise, speed * _IDENTITY
        self._track = _Track(np.concatenate([apart, np.zeros(2)]), covariance, stamp)
        self._clear, self._lost, self._rival, self._undisputed = None, None, None, None
        self._before_last = None

    def _answer(self, keypoints: Keypoints, stamp: float, config: TrackingConfig) -> Keypoints:
        track = self._track
        if track is None:
            return keypoints
        alive = self._lost is None and stamp - track.stamp <= config.pigtail_bridging
        present, measured = keypoints.present.copy(), keypoints.measured.copy()
        xy, covariance = keypoints.xy.copy(), keypoints.covariance.copy()
        present[Landmark.PT], measured[Landmark.PT] = alive, alive and track.stamp == stamp
        if alive:
            xy[Landmark.PT] = xy[_COMPANION] + track.state[:2]
            covariance[Landmark.PT] = track.covariance[:2, :2]
        else:
            xy[Landmark.PT], covariance[Landmark.PT] = NAN, NAN
        return replace(keypoints, present=present, measured=measured, xy=xy, covariance=covariance)


def _reach(away: float) -> float:
    """How far PT, unseen for ``away`` (s), may be from where it was expected, as a share of the image."""
    return _STILL + min(_DRIFT * away, _FARTHEST)


def _transition(step: float, acceleration: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(4, 4) transition over ``step`` (s), and the covariance that an acceleration (2, 2, px²/s⁴) adds."""
    # The velocity decays, so that an unseen pigtail stays where it was last.
    kept = math.exp(-step / _SPEED_LASTS)
    move = np.eye(4)
    move[0, 2] = move[1, 3] = _SPEED_LASTS * (1.0 - kept)
    move[2, 2] = move[3, 3] = kept
    half = step**2 / 2
    spread = np.empty((4, 4))
    spread[:2, :2], spread[2:, 2:] = half**2 * acceleration, step**2 * acceleration
    spread[:2, 2:] = spread[2:, :2] = half * step * acceleration
    return move, spread


@dataclass
class _Track:
    """PT - CD and its velocity (px, px/s), their covariance, and when it was measured last (s)."""

    state: FloatArray
    covariance: FloatArray
    stamp: float

    def predict(self, move: FloatArray, spread: FloatArray) -> None:
        """Carry on by a ``_transition``."""
        self.state = move @ self.state
        self.covariance = move @ self.covariance @ move.T + spread

    def fits(self, measured: FloatArray, noise: FloatArray, gate: float, reach: float) -> bool:
        """Whether what was ``measured`` (px) can be it: within the gate, and within ``reach`` (px)."""
        change = measured - self.state[:2]
        inverse = np.linalg.inv(self.covariance[:2, :2] + noise)
        return float(change @ inverse @ change) <= gate and math.hypot(*change) <= reach

    def correct(self, measured: FloatArray, noise: FloatArray, stamp: float) -> None:
        """Take in what was ``measured`` (px)."""
        gain = self.covariance[:, :2] @ np.linalg.inv(self.covariance[:2, :2] + noise)
        self.state = self.state + gain @ (measured - self.state[:2])
        covariance = self.covariance - gain @ self.covariance[:2]
        self.covariance = (covariance + covariance.T) / 2
        self.stamp = stamp
