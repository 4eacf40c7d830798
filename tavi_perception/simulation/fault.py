"""What can go wrong in a procedure: one fault, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np


class FaultKind(Enum):
    """One thing that goes wrong."""

    IMAGE_FROZEN = "image frozen"
    IMAGE_BLACK = "image black"
    IMAGE_DROPPED = "images dropped"
    IMAGE_LATE = "images late"
    IMAGE_SIZE = "image of another size"
    STAMPS_WRONG = "stamps wrong"
    GEOMETRY_WRONG = "geometry wrong by 10 %"
    GEOMETRY_GONE = "geometry gone"
    CONTRAST_FAILS = "contrast fails"
    PIGTAIL_SLIPS = "pigtail slips"
    SECOND_CATHETER = "second catheter"
    C_ARM_MOVES = "C-arm moves"
    PATIENT_MOVES = "patient moves"
    AXIS_STICKS = "robot axis sticks"
    ROBOT_OVERSHOOTS = "robot overshoots"
    RELEASES_EARLY = "stent lets go early"
    CONTROLLER_RESTARTS = "controller restarts"
    PERCEPTION_RESTARTS = "perception restarts"


NO_FAULT, DRAWN = "none", "drawn"
FAULT_NAMES = (NO_FAULT, DRAWN, *(kind.name.lower() for kind in FaultKind))
"""By which a fault is chosen; drawn: by the seed."""

RESTARTS = (FaultKind.CONTROLLER_RESTARTS, FaultKind.PERCEPTION_RESTARTS)
"""Those that befall a process: whoever has started it does them."""


@dataclass(frozen=True)
class Fault:
    """One fault of one procedure.

    Attributes:
        start, duration: when it begins and how long it lasts (s); for ever where it is not one that ends.
        size: how bad it is, 0…1; what that means depends on the kind.
        seed: of what else is drawn for it.
    """

    kind: FaultKind
    start: float
    duration: float
    size: float
    seed: int

    @property
    def words(self) -> str:
        return f"{self.kind.value}, from {self.start:.1f} s on"

    def active(self, time: float) -> bool:
        return self.start <= time < self.start + self.duration


def draw_fault(seed: int) -> Fault:
    """The fault of procedure ``seed``: kinds take turns, so that each occurs as often as any other."""
    rng = np.random.default_rng([seed, 2_000_000])
    kinds = list(FaultKind)
    return Fault(
        kind=kinds[seed % len(kinds)],
        start=float(rng.uniform(2.0, 35.0)),
        duration=float(rng.uniform(0.5, 8.0)),
        size=float(rng.uniform()),
        seed=int(rng.integers(2**31)),
    )


def fault_of(name: str, seed: int) -> Fault | None:
    """The fault of procedure ``seed`` by its name: one of ``FAULT_NAMES``."""
    if name == NO_FAULT:
        return None
    drawn = draw_fault(seed)
    return drawn if name == DRAWN else replace(drawn, kind=FaultKind[name.upper()])
