"""How a system shows its signal: window, logarithm or gamma, edge enhancement and stored bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIGNAL_SCALE = 8192.0
"""The detector's 16-bit number of signal 1, the set point of the exposure; signals beyond 8 saturate."""

FULL_SCALE = 65535
"""The displayed 16-bit grey of white."""


@dataclass(frozen=True)
class Display:
    """From signal to grey.

    Attributes:
        set_point: displayed grey of signal 1; black: of no signal in a power display (0 … 1).
        logarithmic: grey grows with the logarithm of the signal, else with its power.
        gamma: relative change of grey per relative change of the signal at the set point.
        enhancement: strength of the edge enhancement, 0 for none.
        reach: half the side of the box it compares with (px at a side of 1000).
        stored_bits: bits that a 16-bit image carries.
    """

    set_point: float
    logarithmic: bool
    gamma: float
    black: float
    enhancement: float
    reach: float
    stored_bits: int

    def curve(self) -> NDArray[np.uint16]:
        """(65536,) displayed 16-bit grey of each of the detector's numbers."""
        signal = np.maximum(np.arange(65536), 0.5) / SIGNAL_SCALE
        span = self.set_point - self.black
        rise = 1.0 + self.gamma * np.log(signal) if self.logarithmic else signal**self.gamma
        grey = self.black + span * rise
        return np.round(_shoulder(grey) * FULL_SCALE).astype(np.uint16)


def _shoulder(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grey compressed smoothly towards black and white, unchanged between 0.1 and 0.75."""
    high = 0.75 + 0.25 * np.tanh((grey - 0.75) / 0.25)
    low = 0.1 + 0.1 * np.tanh((grey - 0.1) / 0.1)
    return np.where(grey > 0.75, high, np.where(grey < 0.1, low, grey))
