"""The depth of the stent's inflow edge: what is seen of it, joined with what the drives do to it."""

from __future__ import annotations

import numpy as np

from tavi_perception.control.average import Averaged, BeatAverage, Sample
from tavi_perception.control.config import ControlConfig
from tavi_perception.control.drives import Drives
from tavi_perception.control.shortening import Shortening
from tavi_perception.estimates import CatheterDeviation
from tavi_perception.landmarks import INFLOW_EDGE


class DepthEstimator:
    """Averages the depth over heart beats and learns how much the stent shortens."""

    def __init__(self, config: ControlConfig) -> None:
        self._average, self._shortening = BeatAverage(), Shortening(config)

    @property
    def value(self) -> Averaged:
        return self._average.value

    @property
    def shortening(self) -> float:
        """Share of its folded length that the stent loses as it expands."""
        return self._shortening.share

    @property
    def shortening_reach(self) -> float:
        """By how much that may be wrong."""
        return self._shortening.reach

    def restart(self, confirmed: bool) -> None:
        """The annulus is measured anew: depths before do not count any more.

        ``confirmed``: nothing spoke against them.
        """
        self._average.restart()
        self._shortening.restart(confirmed)

    def miss(self, stamp: float) -> None:
        """A deviation at ``stamp`` (s) could not be used."""
        self._average.miss(stamp)

    def update(
        self, deviation: CatheterDeviation, stamp: float, drives: Drives, config: ControlConfig
    ) -> None:
        """Takes a usable deviation of the frame captured at ``stamp`` (s)."""
        advance, opened = _drives_at(stamp, drives, config)
        self._shortening.update(stamp, deviation.depth, advance, opened)
        tilt, width = deviation.stent_tilt, _inflow_width(deviation)
        # The line that tilts, or does not, is the annulus': its direction is what a tilt is known by.
        tilt_sigma = width * deviation.angle_sigma
        sample = Sample(
            stamp, deviation.depth, deviation.depth_sigma, tilt, tilt_sigma, advance, opened
        )  # fmt: skip
        self._average.add(sample, config.averaged, self.shortening)

    def depth(self, stamp: float, drives: Drives, config: ControlConfig) -> float:
        """The depth (m) at ``stamp`` (s), the heart beat averaged out; NaN when nothing is known."""
        advance, opened = _drives_at(stamp, drives, config)
        return self.value.offset + advance - self.shortening * opened


def _drives_at(stamp: float, drives: Drives, config: ControlConfig) -> tuple[float, float]:
    """Travel of the catheter, and retraction² / folded length (m)."""
    advance, retraction = drives.at(stamp)
    return advance, retraction**2 / config.folded_length


def _inflow_width(deviation: CatheterDeviation) -> float:
    """Distance between the corners of the stent's inflow edge (m); NaN where they are not seen."""
    one, other = (deviation.landmarks[corner] for corner in INFLOW_EDGE)
    return float(np.hypot(*(one - other)[:2]))
