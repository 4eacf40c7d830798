"""What a data set shall hold, which seeds it takes, and into which split each procedure goes."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from tavi_perception.simulation.seeds import RANGES, TRAINING, opened, range_of

SPLITS = ("training", "validation", "test")
Shares = tuple[float, float, float]
"""Shares of the procedures for training, validation and test; their sum is 1."""

_DEFAULT_SHARES: dict[str, Shares] = {
    "training": (0.8, 0.1, 0.1),
    "validation": (0.0, 1.0, 0.0),
    "tuning": (0.0, 0.0, 1.0),
    "benchmark": (0.0, 0.0, 1.0),
    "sealed": (0.0, 0.0, 1.0),
}
_GOLDEN = 2_654_435_769
"""2³² over the golden ratio: its multiples fill the circle most evenly (Knuth, vol. 3, 6.4)."""
LARGEST_SIZE = 4096


class DatasetError(Exception):
    """A data set cannot be made; the message names what, why and the remedy in one sentence."""


@dataclass(frozen=True)
class DatasetOptions:
    """Everything that determines a data set's content; the same options give the same data set.

    Attributes:
        procedures: number of procedures, of the seeds ``seed``, ``seed`` + 1, …
        seed: the first one's.
        duration: length of a procedure (s).
        frame_rate: frames per s.
        frames: how many of them, evenly spread over each procedure; 0 takes all.
        size: side of the square images (px).
        bits: of a grey level, 8 or 16.
        shares: of the procedures in each of ``SPLITS``.

    Raises:
        DatasetError: a value makes no sense, or the seeds are not all of one range.
    """

    procedures: int
    seed: int
    duration: float = 20.0
    frame_rate: float = 15.0
    frames: int = 0
    size: int = 1000
    bits: int = 8
    shares: Shares = _DEFAULT_SHARES["training"]

    def __post_init__(self) -> None:
        if self.procedures < 1:
            raise DatasetError(f"--procedures is {self.procedures}; give at least 1")
        for name in ("duration", "frame_rate"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise DatasetError(f"--{name.replace('_', '-')} is {value}; give a positive number")
        if self.bits not in (8, 16):
            raise DatasetError(f"--bits is {self.bits}; give 8 or 16")
        if not 64 <= self.size <= LARGEST_SIZE:
            raise DatasetError(f"--size is {self.size}; give 64 to {LARGEST_SIZE} px")
        if not 0 <= self.frames <= self.frames_of_a_cine:
            raise DatasetError(
                f"--frames is {self.frames}, but {self.duration:g} s at {self.frame_rate:g} frames/s are "
                f"{self.frames_of_a_cine}; give fewer, or a longer --duration"
            )
        purpose = purpose_of(self.seed, self.procedures)
        if self.shares[0] > 0 and purpose != "training":
            raise DatasetError(
                f"seeds from {self.seed} on belong to the {purpose} and are never trained on; "
                f"give --split 0,1,0 or 0,0,1, or a --seed below {TRAINING.stop}"
            )

    @property
    def frames_of_a_cine(self) -> int:
        """Frames of a whole procedure."""
        return max(1, round(self.duration * self.frame_rate))

    @property
    def frames_per_procedure(self) -> int:
        return self.frames or self.frames_of_a_cine

    @property
    def seeds(self) -> range:
        return range(self.seed, self.seed + self.procedures)

    def split_of(self, seed: int) -> str:
        """The split of the procedure of ``seed``: of the seed and the shares alone.

        So a larger data set never moves a procedure from one split to another.
        """
        place = seed * _GOLDEN % 2**32 / 2**32
        first, second, _ = self.shares
        return SPLITS[0] if place < first else SPLITS[1] if place < first + second else SPLITS[2]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "shares": dict(zip(SPLITS, self.shares, strict=True))}


def purpose_of(seed: int, procedures: int) -> str:
    """Name of the range of seeds (``simulation.seeds``) that all of them lie in.

    Raises:
        DatasetError: they lie in none, or in two.
        SealedSeedError: they are sealed.
    """
    last = seed + procedures - 1
    purpose = range_of(opened(seed))
    if purpose != "none" and last in RANGES[purpose]:
        return purpose
    known = ", ".join(f"{name} {seeds.start} to {seeds.stop - 1}" for name, seeds in RANGES.items())
    raise DatasetError(
        f"seeds {seed} to {last} do not lie in one range ({known}); choose --seed and --procedures within one"
    )


def default_shares(seed: int, procedures: int) -> Shares:
    """Shares for seeds of this range: only those of training are trained on."""
    return _DEFAULT_SHARES[purpose_of(seed, procedures)]


def shares_of(text: str) -> Shares:
    """Shares from words like ``0.8,0.1,0.1``.

    Raises:
        DatasetError: they are not three numbers of 0 or more whose sum is 1.
    """
    try:
        shares = tuple(float(word) for word in text.split(","))
    except ValueError:
        shares = ()
    # A comparison with NaN is false, so that NaN is refused too.
    if len(shares) != 3 or not all(share >= 0 for share in shares) or not abs(sum(shares) - 1) < 1e-6:
        raise DatasetError(
            f"--split is {text!r}; give the shares of training, validation and test, such as 0.8,0.1,0.1"
        )
    return shares
