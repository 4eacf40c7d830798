"""The cardiac phase as the pigtail's motion shows it, and the cardiac motion of points by it."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import FloatArray

_RATE = 2.0 * math.pi * 1.25
"""Middle of the band (rad/s): 75 beats/min; 54 to 96 beats/min are the rates at rest."""

_WIDTH = 0.5 * _RATE
"""Half the width of the band (rad/s), which takes as long to settle as its inverse: a quarter of a second."""

_COMPONENTS = 4
"""Of the beat: x and y, each twice, the second time a quarter of a beat later."""

_CORRELATED_FRAMES = 2.0
"""So many frames in a row count as one, since the network's error is correlated over them and with the
cardiac phase. Least jitter of the depth at most valid frames, over 100 synthetic procedures, tuning seeds."""

INLIER_SIGMAS = 3.0
"""Within how many sigmas of the median a frame is no outlier."""

MAD_TO_SIGMA = 1.4826
"""Median absolute deviation to standard deviation of a normal distribution."""


class HeartBeat:
    """A resonator at the heart rate, driven by a point that moves with the heart.

    It passes cardiac motion and suppresses respiration, catheter motion and noise. Its response has about the
    amplitude of the motion (px), and its quadrature component lags by about a quarter of a beat. The cardiac
    motion of any other point, in whatever phase, is a linear function of the two.
    """

    def __init__(self) -> None:
        self._stamp = math.nan
        self._point: FloatArray | None = None
        self._swing: NDArray[np.complex128] = np.zeros(2, dtype=np.complex128)

    @property
    def components(self) -> FloatArray:
        """(4,) in-phase and quadrature response now (px); zeros at rest, too small at first."""
        return np.concatenate([self._swing.real, self._swing.imag])

    def update(self, point: FloatArray | None, stamp: float) -> None:
        """Go on to ``stamp`` (s), where the ``point`` (2,) px was seen, None where it was not."""
        if math.isfinite(self._stamp):
            half = cmath.exp(complex(-_WIDTH, _RATE) * (stamp - self._stamp) / 2)
            driven = self._swing * half
            if point is not None and self._point is not None:
                # The motion was spread over the interval: on average it came at its middle.
                driven = driven + 2.0 * _WIDTH / _RATE * (point - self._point)
            self._swing = driven * half
        self._stamp, self._point = stamp, point


@dataclass(frozen=True)
class CardiacMotion:
    """How a point moves against the pigtail with the cardiac phase.

    Attributes:
        by_beat: (2, 4) its motion (px) for each pixel of the ``HeartBeat.components``.
        covariance: (4, 4) of each row of it.
    """

    by_beat: FloatArray
    covariance: FloatArray

    def at(self, beats: FloatArray) -> FloatArray:
        """(…, 2) px off the mean place at (…, 4) ``beats``."""
        return beats @ self.by_beat.T

    def variance(self, beat: FloatArray) -> float:
        """Of each coordinate of ``at`` (px²)."""
        return float(beat @ self.covariance @ beat)

    def joined(self, other: CardiacMotion, share: float) -> CardiacMotion:
        """Mean with another one, which counts by ``share``."""
        return CardiacMotion(
            self.by_beat + share * (other.by_beat - self.by_beat),
            # Both share one prior: a correlated error, which does not average out.
            (1.0 - share) * self.covariance + share * other.covariance,
        )


def cardiac_motion_of(places: FloatArray, beats: FloatArray, sigma: float, expected: float) -> CardiacMotion:
    """Bayesian linear regression of (n, 2) ``places`` (px) on (n, 4) ``beats``, robust to bad frames.

    ``sigma``: stated standard deviation of a place (px); ``expected``: prior standard deviation of the
    coefficients, a share of the pigtail's motion. Few or scattered frames hardly change the prior.
    """
    changes = places - np.median(places, axis=0)
    distance = np.hypot(*changes.T)
    chosen = distance <= INLIER_SIGMAS * max(MAD_TO_SIGMA * float(np.median(distance)), sigma)
    changes, beats = changes[chosen], beats[chosen]
    noise = _CORRELATED_FRAMES * max(sigma**2, float(np.mean(changes**2)))
    changes, beats = changes - changes.mean(axis=0), beats - beats.mean(axis=0)
    covariance = np.linalg.inv(beats.T @ beats / noise + np.eye(_COMPONENTS) / expected**2)
    by_beat = np.asarray(changes.T @ beats @ covariance / noise, dtype=np.float64)
    return CardiacMotion(by_beat, np.asarray(covariance, dtype=np.float64))
