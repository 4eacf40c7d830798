"""The depth of the stent's inflow edge averaged over heart beats, while the robot moves it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields

import numpy as np

from tavi_perception.estimates import NAN, FloatArray

_BEATS_PER_S = 1.0
"""Slowest heart beat that is averaged out well; only the scatter of the depth stands for the others."""


@dataclass(frozen=True)
class Sample:
    """One deviation: its stamp (s); depth and tilt, their sigmas (m); and what the drives had done by then.

    Attributes:
        advance: of the catheter since the start (m).
        opened: retraction² / folded length (m), by a share of which the stent has shortened.
    """

    stamp: float
    depth: float
    sigma: float
    tilt: float
    tilt_sigma: float
    advance: float
    opened: float


@dataclass(frozen=True)
class Averaged:
    """What is known over the last beats; NaN and 0 where nothing is.

    Attributes:
        offset: depth less what the drives have done, shortening included (m): what the average runs over.
        opened: mean of the samples' (m).
        sigma: standard deviation of the average depth (m).
        tilt, tilt_sigma: mean difference in depth of the inflow edge's sides, and its standard deviation (m).
        span: time between the first and the last sample (s).
        share: of the deviations since the first of these that could be used.
    """

    offset: float = NAN
    opened: float = NAN
    sigma: float = NAN
    tilt: float = NAN
    tilt_sigma: float = NAN
    span: float = 0.0
    share: float = 0.0


class BeatAverage:
    """Averages over the last ``averaged`` s, with weights (Hann) that let no beat of about a second through.

    The robot's own motion is taken off each depth first: what is left hardly changes while the robot moves,
    so that its mean is not late.
    """

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()
        self._missed: deque[float] = deque()
        self.value = Averaged()

    def restart(self) -> None:
        """Forget everything: the annulus has been measured anew, or time was lost."""
        self._samples.clear()
        self._missed.clear()
        self.value = Averaged()

    def miss(self, stamp: float) -> None:
        """A deviation at ``stamp`` (s) could not be used."""
        self._missed.append(stamp)

    def add(self, sample: Sample, averaged: float, shortening: float) -> None:
        """Take a sample that is younger than all before.

        Args:
            averaged: time to average over (s).
            shortening: share of its folded length that the stent loses.
        """
        samples = self._samples
        samples.append(sample)
        while sample.stamp - samples[0].stamp > averaged:
            samples.popleft()
        while self._missed and not self._missed[0] >= samples[0].stamp:
            self._missed.popleft()
        self.value = self._averaged(shortening)

    def _averaged(self, shortening: float) -> Averaged:
        stamps, depth, sigma, tilt, tilt_sigma, advance, opened = (
            self._column(field.name) for field in fields(Sample)
        )
        span = float(stamps[-1] - stamps[0])
        weights = np.sin(np.pi * (stamps - stamps[0] + 0.02) / (span + 0.04)) ** 2
        offsets = depth - advance + shortening * opened
        offset = float(np.average(offsets, weights=weights))
        scatter = float(offsets.std()) / np.sqrt(2.0 * max(span * _BEATS_PER_S, 0.5))
        # The stated deviations do not average out: most of them is common to all frames. Nor does what makes
        # the tilt scatter: a corner of the inflow edge taken for another, which moves their mean by half.
        known = np.isfinite(tilt)
        tilts = tilt[known]
        corners = float(tilts.std()) if len(tilts) else 0.0
        stated = float(np.hypot(np.average(sigma, weights=weights), corners / 2.0))
        return Averaged(
            offset=offset,
            opened=float(np.average(opened, weights=weights)),
            sigma=float(np.hypot(stated, scatter)),
            tilt=float(tilts.mean()) if len(tilts) else NAN,
            tilt_sigma=float(np.hypot(tilt_sigma[known].mean(), corners)) if len(tilts) else NAN,
            span=span,
            share=len(stamps) / (len(stamps) + len(self._missed)),
        )

    def _column(self, name: str) -> FloatArray:
        return np.array([getattr(sample, name) for sample in self._samples], dtype=np.float64)
