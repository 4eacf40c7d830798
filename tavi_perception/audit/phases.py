"""What the phases that a controller went through, one after the other, say of a procedure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, pairwise

from tavi_perception.control.decision import Phase

WAITS = (Phase.HOLD, Phase.CONTRAST)
"""The controller stands still until it knows again where the valve is."""


def holds(phases: Iterable[Phase]) -> int:
    """How often the controller stopped to wait, for images or contrast, after it had begun to move."""
    return sum(now in WAITS and before not in (Phase.IDLE, *WAITS) for before, now in pairwise(phases))


def recaptures(phases: Iterable[Phase]) -> int:
    """How often it closed the capsule again; one that it had to interrupt is one."""
    return sum(phase is Phase.RECAPTURE for phase, _ in groupby(p for p in phases if p not in WAITS))
