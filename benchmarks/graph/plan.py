"""What is measured in the graph: which nodes, at which rates and sizes, in whose company."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

FLOOD_HZ = 200.0
"""Frames a second of a flood: more than any node here answers. The camera sends fewer where it cannot."""

RATES_HZ = (7.5, 15.0, 30.0, 60.0)
SIZES_PX = (512, 1000, 2048)
SECONDS = 6.0

QUICK_RATES_HZ = (15.0, 30.0)
QUICK_SIZES_PX = (1000,)
QUICK_SECONDS = 3.0


class Company(Enum):
    """Who else listens while a node is measured; the value is its name on the command line."""

    NOBODY = "alone"
    RECORDER = "recorder"
    """Of every image and every answer, as in ``./tavi run``."""
    VIEWER = "overlay"
    """Subscribes to the node's overlay, which is drawn only then."""
    BOTH = "recorder+overlay"

    @property
    def recorder(self) -> bool:
        return self in (Company.RECORDER, Company.BOTH)

    @property
    def viewer(self) -> bool:
        return self in (Company.VIEWER, Company.BOTH)


@dataclass(frozen=True)
class Cell:
    """One measurement.

    Attributes:
        size: side of the frames (px).
        rate: frames a second.
        flood: sent to see how many are answered; their latency says little.
        seconds: for which frames are sent.
    """

    size: int
    rate: float
    flood: bool
    seconds: float


@dataclass(frozen=True)
class Plan:
    """The measurements of one run, the same for every arm.

    Attributes:
        arms: names in ``ARMS``.
        rates: frames a second. sizes: sides of the square frames (px). seconds: of each measurement.
        flood: measure a flood of every size too, where no recorder has to swallow it.
    """

    arms: Sequence[str]
    companies: Sequence[Company] = (Company.NOBODY, Company.BOTH)
    rates: Sequence[float] = RATES_HZ
    sizes: Sequence[int] = SIZES_PX
    seconds: float = SECONDS
    flood: bool = True

    def cells(self, company: Company) -> Iterator[Cell]:
        """From small frames to large ones, so that memory is that of the size, and from slow to fast."""
        for size in sorted(set(self.sizes)):
            for rate in sorted(set(self.rates)):
                yield Cell(size, rate, False, self.seconds)
            if self.flood and not company.recorder:
                yield Cell(size, FLOOD_HZ, True, self.seconds)
