"""Which share of the frames was valid lately, and which reasons kept the others from it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from tavi_perception.estimates import Reason

ROUNDS = 60
"""Rounds over which shares are told: a minute at one a second."""


@dataclass
class Answers:
    """Frames that were answered, those of them with a valid deviation, and the others by reason."""

    frames: int = 0
    valid: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)

    def add(self, reasons: Reason) -> None:
        """One frame: why its deviation is not valid, none where it is; it may have several reasons."""
        self.frames += 1
        self.valid += not reasons
        self.reasons.update(reason for reason in Reason if reason and reason in reasons)

    @staticmethod
    def sum(several: Iterable[Answers]) -> Answers:
        total = Answers()
        for each in several:
            total.frames += each.frames
            total.valid += each.valid
            total.reasons.update(each.reasons)
        return total

    @property
    def in_words(self) -> str:
        """The reasons by how often they occurred, ``none`` where none did."""
        return ", ".join(f"{reason.name} {count}" for reason, count in self.reasons.most_common()) or "none"


class ReasonShares:
    """Counts answers by rounds, and forgets those before the last ``ROUNDS``."""

    def __init__(self) -> None:
        self._newest = Answers()
        self._rounds: deque[Answers] = deque(maxlen=ROUNDS)

    def add(self, reasons: Reason) -> None:
        self._newest.add(reasons)

    def next_round(self) -> Answers:
        """The answers since the last call."""
        newest, self._newest = self._newest, Answers()
        self._rounds.append(newest)
        return newest

    def recent(self) -> Answers:
        """Those of the last ``ROUNDS`` rounds."""
        return Answers.sum(self._rounds)
