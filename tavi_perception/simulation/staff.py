"""The staff at the table: they inject contrast when they are asked to, and pace the heart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_DELAY_SPREAD = 0.3
"""Share by which the time until they inject varies (unsourced)."""

_OPENS = 0.02
"""Extraction from which on the heart is paced (unsourced)."""

_PACED_AFTER_RELEASE_S = 1.0


@dataclass(frozen=True)
class StaffConfig:
    """What they keep to (unsourced, plausible)."""

    delay_s: float = 1.0
    """From the request to the injection, on average."""
    interval_s: float = 8.0
    """From the start of one injection to the next, at least."""
    injections_max: int = 8
    """Injections in one procedure; 0: none."""
    volume_ml: float = 15.0
    """Contrast medium of one injection."""


class Staff:
    """Decides when to inject and when to pace; times in s on one clock, which does not go back.

    Who has been asked injects, even where the request is withdrawn meanwhile. A request that comes too soon
    after an injection counts only if it still stands when the next one can be prepared.

    Attributes:
        injections: begun so far.
    """

    def __init__(self, rng: np.random.Generator, config: StaffConfig) -> None:
        self._rng, self._config = rng, config
        self.injections = 0
        self._due = math.inf
        self._next = -math.inf
        self._delay = self._draw_delay()
        self._released_at = math.inf

    @property
    def volume_ml(self) -> float:
        """Contrast medium used so far."""
        return self.injections * self._config.volume_ml

    @property
    def exhausted(self) -> bool:
        """No further injection is given to whoever asks."""
        return self.injections >= self._config.injections_max

    def asked(self, time: float, requested: bool) -> bool:
        """Whether an injection begins now; to be called again and again, requested or not."""
        if self.exhausted:
            return False
        if requested and math.isinf(self._due) and time + self._delay >= self._next:
            self._due = time + self._delay
        if time < self._due:
            return False
        self.inject(time)
        return True

    def inject(self, time: float) -> None:
        """An injection begins now, asked for or not."""
        self.injections += 1
        self._due, self._next = math.inf, time + self._config.interval_s
        self._delay = self._draw_delay()

    def paces(self, time: float, extraction: float, released: bool) -> bool:
        """Whether the heart is paced: from when the stent opens until shortly after its release."""
        if not released:
            return extraction > _OPENS
        self._released_at = min(self._released_at, time)
        return time < self._released_at + _PACED_AFTER_RELEASE_S

    def _draw_delay(self) -> float:
        return float(self._config.delay_s * self._rng.uniform(1.0 - _DELAY_SPREAD, 1.0 + _DELAY_SPREAD))


def staff_of(seed: int, config: StaffConfig | None = None) -> Staff:
    """The staff of procedure ``seed``."""
    return Staff(np.random.default_rng([seed, 3_000_000]), config or StaffConfig())
