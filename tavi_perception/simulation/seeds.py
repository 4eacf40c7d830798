"""What each range of seeds is for, so that no patient is ever in two of them, and the seal on one of them."""

from __future__ import annotations

import os
from itertools import pairwise

TRAINING = range(0, 800_000)
"""Networks are trained on them."""
VALIDATION = range(800_000, 950_000)
"""Networks are chosen, stopped and calibrated on them; the last 50,000 are for the figures of model cards."""
CARDS = range(900_000, 950_000)
"""Never used to choose or calibrate anything."""
TUNING = range(950_000, 1_100_000)
"""Whole procedures on which rules and constants of the tracker may be chosen, and that may be looked at."""
BENCHMARK = range(2_000_000, 2_100_000)
"""Reported, never tuned on, and not looked at one by one."""
SEALED = range(3_000_000, 3_100_000)
"""For the figures of a release, run once; refused unless ``unseal`` was called."""

RANGES = {
    "training": TRAINING,
    "validation": VALIDATION,
    "tuning": TUNING,
    "benchmark": BENCHMARK,
    "sealed": SEALED,
}

DEMO_SEED = 1_000_000
"""Of the demo and the simulator node: everybody looks at it, so it is a tuning seed."""

_UNSEALED = "TAVI_SEALED_SEEDS"
"""Environment variable, since worker and ROS processes inherit it."""


class SealedSeedError(ValueError):
    """A sealed seed was to be opened without being asked for."""


def range_of(seed: int) -> str:
    """Name of the range that ``seed`` lies in; ``none`` outside all of them."""
    return next((name for name, seeds in RANGES.items() if seed in seeds), "none")


def range_of_all(first: int, count: int) -> str:
    """Name of the range of ``count`` seeds from ``first`` on, or of all the ranges that they touch."""
    last = first + count - 1
    cuts = sorted({first, *(edge for seeds in RANGES.values() for edge in (seeds.start, seeds.stop))})
    starts = [cut for cut in cuts if first <= cut <= last]
    return " and ".join(dict.fromkeys(range_of(start) for start in starts))


def unseal() -> None:
    """Let this process, and those that it starts, open sealed seeds."""
    os.environ[_UNSEALED] = "open"


def opened(seed: int) -> int:
    """``seed``, checked by whatever draws a patient from it.

    Raises:
        SealedSeedError: it is sealed, and ``unseal`` was not called.
    """
    if seed in SEALED and os.environ.get(_UNSEALED) != "open":
        raise SealedSeedError(
            f"seed {seed} is sealed: {SEALED.start} to {SEALED.stop - 1} are kept for the figures of a "
            "release; choose another one, or say --sealed if this is a release"
        )
    return seed


assert all(first.stop <= second.start for first, second in pairwise(RANGES.values()))
