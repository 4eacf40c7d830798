"""Durations in a histogram of bounded size, which can be added to others, written as text, and read again."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from tavi_perception.estimates import NAN

SHORTEST, LONGEST = 1e-6, 1e3
"""s; what is shorter or longer counts as that, the maximum apart."""

BINS_PER_DECADE = 50
"""A percentile is right to half a bin, 2.3 %; and there are 451 of them."""

_ENTRY = re.compile(r"([0-9.e+-]{1,12})x([0-9]{1,9})")


@dataclass(frozen=True)
class Durations:
    """How many durations there were, and how long they were (ms); NaN when there was none."""

    count: int
    median: float
    p95: float
    p99: float
    max: float


class Histogram:
    """Durations (s) in bins of one width on a logarithmic scale; the longest is kept as it is."""

    def __init__(self) -> None:
        self._bins: dict[int, int] = {}
        self._max = 0.0

    def add(self, seconds: float, count: int = 1) -> None:
        """Counts ``count`` equal durations; one that is not finite, or negative, is none."""
        if not 0.0 <= seconds < math.inf:
            return
        index = _bin(seconds)
        self._bins[index] = self._bins.get(index, 0) + count
        if seconds > self._max:
            self._max = seconds

    def durations(self) -> Durations:
        """Their figures; the percentiles are durations that are not exceeded by that share."""
        total = sum(self._bins.values())
        if not total:
            return Durations(0, NAN, NAN, NAN, NAN)
        wanted, found, below = [0.5, 0.95, 0.99], list[float](), 0
        for index, count in sorted(self._bins.items()):
            below += count
            while wanted and below >= wanted[0] * total:
                found.append(1e3 * min(_middle(index), self._max))
                wanted.pop(0)
        median, p95, p99 = found
        return Durations(total, median, p95, p99, 1e3 * self._max)

    def to_text(self) -> str:
        """Each duration that occurred (ms) and how often: ``8.91x14 9.33x1``; the last one is the longest."""
        entries = []
        for index, count in sorted(self._bins.items()):
            entries.append((min(_middle(index), self._max), count))
        if entries:
            last, count = entries.pop()
            entries += [(last, count - 1), (self._max, 1)]
        return " ".join(f"{1e3 * seconds:.4g}x{count}" for seconds, count in entries if count)

    @staticmethod
    def from_text(text: str) -> Histogram:
        """The inverse, to 4 digits.

        Raises:
            ValueError: it is something else.
        """
        found = Histogram()
        for entry in text.split():
            match = _ENTRY.fullmatch(entry)
            if match is None:
                raise ValueError(f"{entry[:40]!r} is no duration in ms and its count, like 8.91x14")
            found.add(1e-3 * float(match[1]), int(match[2]))
        return found

    @staticmethod
    def sum(histograms: Iterable[Histogram]) -> Histogram:
        """All their durations in one."""
        total = Histogram()
        bins = total._bins
        for each in histograms:
            for index, count in each._bins.items():
                bins[index] = bins.get(index, 0) + count
            total._max = max(total._max, each._max)
        return total


def _bin(seconds: float) -> int:
    if seconds <= SHORTEST:
        return 0
    return round(BINS_PER_DECADE * math.log10(min(seconds, LONGEST) / SHORTEST))


def _middle(index: int) -> float:
    """s; of a bin on the logarithmic scale."""
    return SHORTEST * 10.0 ** (index / BINS_PER_DECADE)
