"""Whether the delivery system is one that the network knows: what it says of each frame, over a second."""

from __future__ import annotations

import math

from tavi_perception.estimates import NAN

_MEMORY_S = 1.0
"""A system is exchanged for another within minutes; over a second single frames that err are averaged out."""

_SUREST = 7.0
"""Largest logit of a frame that counts: one that is very sure outweighs no second of others."""


class MakeTracker:
    """Mean of the logits that a foreign delivery system is in the field, forgotten with ``_MEMORY_S``."""

    def __init__(self) -> None:
        self._stamp = self._logit = NAN

    def update(self, foreign: float, stamp: float) -> float:
        """Probability that the system is foreign, after a frame of ``stamp`` (s) that says ``foreign``.

        NaN, and no memory, where the model does not tell makes apart.
        """
        if math.isnan(foreign):
            self._stamp = self._logit = NAN
            return NAN
        said = _logit(foreign)
        kept = math.exp(-max(stamp - self._stamp, 0.0) / _MEMORY_S)
        self._logit = said if math.isnan(self._logit) else kept * self._logit + (1.0 - kept) * said
        self._stamp = stamp
        return 1.0 / (1.0 + math.exp(-self._logit))


def _logit(probability: float) -> float:
    if not 0.0 < probability < 1.0:
        return math.copysign(_SUREST, probability - 0.5)
    return min(max(math.log(probability / (1.0 - probability)), -_SUREST), _SUREST)
