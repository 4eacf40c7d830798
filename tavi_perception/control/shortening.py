"""How much the stent shortens as it opens, learned while it does: so its edge can be kept in place."""

from __future__ import annotations

import math

import numpy as np

from tavi_perception.control.config import ControlConfig
from tavi_perception.estimates import FloatArray

_PRIOR_SIGMA = 0.035
"""Of the share (the simulator's stents: evenly from 0.08 to 0.20)."""

_MOST = 2.0
"""Standard deviations by which the share may leave what was known of it when the annulus was measured: what
goes beyond is no shortening, but something that moves along with the catheter."""

_NOISE_M = 0.0015
"""Of one depth, as if all were independent: 0.6 mm of heart beat, the same for half a second (unsourced)."""

_DRIFT_M = 0.0002
"""Random walk of the offset in a second: slack and creep (unsourced)."""

_UNKNOWN_M = 0.1


class Shortening:
    """Kalman filter of depth − advance = offset − share · retraction² / folded length.

    What the depths taught since the annulus was measured is kept once that is confirmed.
    """

    def __init__(self, config: ControlConfig) -> None:
        self._share = config.shortening
        self._offset = 0.0
        self._covariance: FloatArray = np.diag([_UNKNOWN_M**2, _PRIOR_SIGMA**2])
        self._stamp = 0.0
        self._kept = self._share, _PRIOR_SIGMA**2

    @property
    def share(self) -> float:
        """Of the folded length, when fully open."""
        known, _ = self._kept
        return float(np.clip(self._share, known - self.reach, known + self.reach))

    @property
    def reach(self) -> float:
        """By how much the share may differ from what was known when the annulus was measured."""
        return _MOST * math.sqrt(self._kept[1])

    def restart(self, confirmed: bool) -> None:
        """The annulus is measured anew: the offset is unknown.

        ``confirmed``: nothing spoke against the depths since the last time, from which the share was learned.
        """
        if confirmed:
            self._kept = self.share, float(self._covariance[1, 1])
        self._share, variance = self._kept
        self._covariance = np.diag([_UNKNOWN_M**2, variance])

    def update(self, stamp: float, depth: float, advance: float, opened: float) -> None:
        """Takes a depth (m) at ``stamp`` (s); ``opened``: retraction² / folded length (m)."""
        self._covariance[0, 0] += _DRIFT_M**2 * max(stamp - self._stamp, 0.0)
        self._stamp = stamp
        design = np.array([1.0, -opened])
        surprise = depth - advance - (self._offset - self._share * opened)
        spread = design @ self._covariance @ design + _NOISE_M**2
        gain = self._covariance @ design / spread
        self._offset += float(gain[0]) * surprise
        self._share += float(gain[1]) * surprise
        self._covariance = self._covariance - np.outer(gain, design @ self._covariance)
