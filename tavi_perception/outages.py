"""How long no valid deviation was there to act on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import NAN, BoolArray, FloatArray


@dataclass(frozen=True)
class OutageFigures:
    """How many outages there were, and how long they lasted (s); NaN when there was none."""

    count: int
    median: float
    p95: float
    longest: float


def outages(times_s: FloatArray, valid: BoolArray) -> FloatArray:
    """Durations (k,) of the outages (s), in order of time.

    An outage is a run of consecutive frames without a valid deviation. It lasts from its first frame to the
    next valid one, or to the last frame where none follows.

    Args:
        times_s: (n,) capture times of the frames processed (s), ascending.
        valid: (n,) whether the deviation of each was valid.
    """
    if not len(valid):
        return np.empty(0)
    padded: NDArray[np.int8] = np.diff(np.concatenate([[True], valid, [True]]).astype(np.int8))
    begins, ends = np.flatnonzero(padded == -1), np.flatnonzero(padded == 1)
    return np.asarray(times_s[np.minimum(ends, len(valid) - 1)] - times_s[begins], dtype=np.float64)


def outage_figures(durations: FloatArray) -> OutageFigures:
    """Of the durations (k,) of outages (s)."""
    if not len(durations):
        return OutageFigures(0, NAN, NAN, NAN)
    median, p95 = np.percentile(durations, (50, 95))
    return OutageFigures(len(durations), float(median), float(p95), float(durations.max()))
