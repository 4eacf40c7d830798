"""Which deviations may move a robot: valid, fresh, in order, and agreeing with those before."""

from __future__ import annotations

import math

from tavi_perception.control.config import ControlConfig
from tavi_perception.estimates import CatheterDeviation, Reason

_LARGEST = 0.1
"""m: no depth, and no sigma of it, is larger: the whole device is shorter."""


class Trust:
    """Judges one deviation after the other."""

    def __init__(self) -> None:
        self._stamp = -math.inf
        self._agreeing = 0

    def defect(self, deviation: CatheterDeviation, stamp: float, now: float, config: ControlConfig) -> str:
        """Why this deviation is not even looked at; empty: it is valid, finite, fresh and the newest."""
        age = now - stamp
        in_order = stamp > self._stamp
        if math.isfinite(stamp):
            self._stamp = max(self._stamp, stamp)
        if not deviation.valid:
            return f"the deviation is not valid: {named(deviation.reasons)}"
        known = all(abs(length) <= _LARGEST for length in (deviation.depth, deviation.depth_sigma))
        # Tilt and extraction may be unknown.
        if not known or abs(deviation.stent_tilt) > _LARGEST or abs(deviation.extraction - 0.5) > 0.5:
            return "the deviation says valid, but depth, sigma, tilt or extraction is none that a device has"
        if not abs(age) <= config.stale_after:
            return f"the deviation is {age:.2f} s old"
        return "" if in_order else "the deviation is not younger than one before it"

    def agreement(self, depth: float, expected: float, config: ControlConfig) -> str:
        """Why a usable depth (m) is no reason to move yet; empty: enough in a row agree with ``expected``.

        ``expected`` (m) is NaN where nothing is known yet: then it agrees.
        """
        if abs(depth - expected) > config.disagreement:
            self._agreeing = 0
            return f"the depth jumps from {1e3 * expected:.1f} to {1e3 * depth:.1f} mm"
        self._agreeing += 1
        if self._agreeing < config.agreeing:
            return f"{self._agreeing} of {config.agreeing} valid deviations in a row that agree"
        return ""

    def lost(self) -> None:
        """A deviation came that may move nothing: those before it do not count as in a row any more."""
        self._agreeing = 0


def named(reasons: Reason) -> str:
    """The names of the reasons, as in tavi_msgs/Reason."""
    return ", ".join(str(reason.name) for reason in Reason if reason in reasons) or "no reason given"
