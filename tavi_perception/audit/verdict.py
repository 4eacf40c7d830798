"""How a closed-loop procedure ended: what the valve's true position says beside what was believed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Outcome(Enum):
    """How a procedure ended."""

    PLACED = "placed"
    """Released within tolerance."""
    OUT_OF_TOLERANCE = "out of tolerance"
    """Released elsewhere."""
    ABORTED = "aborted"
    """Given up before the release; a person has to take over."""
    HELD = "held"
    """Stands still and waits, for images or contrast medium, when the record ends."""
    UNFINISHED = "not finished"
    """Still at work when the record ends, or never started."""


@dataclass(frozen=True)
class Verdict:
    """The end of a procedure.

    Attributes:
        outcome: how it ended.
        headline: the same in one sentence with the numbers that count.
        ok: placed within tolerance or safely aborted, and nothing moved without leave.
    """

    outcome: Outcome
    headline: str
    ok: bool


def verdict_of(bag: Path) -> Verdict:
    """The verdict on the procedure that a bag holds.

    Raises:
        BagError: the bag cannot be read, or holds no procedure of a controller.
    """
    raise NotImplementedError
