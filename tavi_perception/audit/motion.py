"""Recount of a robot's motion: whether each command had leave to move it, and whether it moved without.

The messages of one run come from several nodes; what the recount knows of the order of things is their stamps
and the times at which one recorder received them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import BoolArray, FloatArray

NsArray = NDArray[np.int64]

NS = 1_000_000_000


@dataclass(frozen=True)
class Commands:
    """n commands to the robot in the order of their receipt; tavi_msgs/DeliveryCommand.

    Attributes:
        received: (n,) when the recorder got it (ns).
        stamp: (n,) capture of the frame whose deviation it answers (ns).
        advance, retraction: (n,) velocities (m/s).
        hold: (n,) stand still.
    """

    received: NsArray
    stamp: NsArray
    advance: FloatArray
    retraction: FloatArray
    hold: BoolArray

    @property
    def moving(self) -> BoolArray:
        """(n,) it asks for motion; a velocity that is no number does."""
        return ~self.hold & ~((self.advance == 0) & (self.retraction == 0))


@dataclass(frozen=True)
class Answers:
    """n deviations in the order of their receipt; tavi_msgs/CatheterDeviation.

    Attributes:
        received, stamp: (n,) when the recorder got it, and capture of its frame (ns).
        valid: (n,) a robot may act on it.
    """

    received: NsArray
    stamp: NsArray
    valid: BoolArray


@dataclass(frozen=True)
class Travel:
    """n reports of the robot in the order of time; tavi_msgs/DeliveryState.

    Attributes:
        time: (n,) when the recorder got it (ns), by the clock that commands are timed by.
        advance, retraction: (n,) of the drives since the start (m).
    """

    time: NsArray
    advance: FloatArray
    retraction: FloatArray


@dataclass(frozen=True)
class Limits:
    """What a controller and its robot have to keep to.

    Attributes:
        age: of a deviation when the command that answers it is received (s).
        velocity: of either drive (m/s).
        lag: after a command, within which the robot comes to rest (s): five of the drives' time constants.
        slip: travel of a robot at rest (m).
        delay: by which the recorder may get a message later than another node does (s).
    """

    age: float = 0.2
    velocity: float = 0.03
    lag: float = 0.8
    slip: float = 5e-5
    delay: float = 0.1


class Breach(Enum):
    """What a motion can lack; a command has the first that applies."""

    UNANSWERED = "without a deviation"
    INVALID = "on an invalid deviation"
    OLD = "on an old deviation"
    SUPERSEDED = "after an invalid deviation"
    NOT_FINITE = "not finite"
    TOO_FAST = "too fast"
    AFTER_RELEASE = "advancing the released valve"
    UNASKED = "of the robot without leave"


@dataclass(frozen=True)
class Violation:
    """One motion that had no leave: what it lacks, when (ns), and a sentence with the numbers."""

    breach: Breach
    time: int
    sentence: str


@dataclass(frozen=True)
class Recount:
    """Of all commands and all motion of a procedure.

    Attributes:
        commands, moving: how many there were, and how many of them ask for motion.
        violations: in order of time; none in a procedure as it should be.
    """

    commands: int
    moving: int
    violations: tuple[Violation, ...]

    @property
    def ok(self) -> bool:
        return not self.violations

    @property
    def counts(self) -> dict[Breach, int]:
        """How many violations there are of each kind."""
        counted = Counter(violation.breach for violation in self.violations)
        return {breach: counted[breach] for breach in Breach}


def recount(
    commands: Commands,
    answers: Answers,
    travel: Travel,
    released: int | None = None,
    limits: Limits | None = None,
) -> Recount:
    """Finds every motion that had no leave.

    Args:
        released: capture (ns) of the first frame that shows the released valve; None: there is none.
    """
    limits = limits or Limits()
    found: list[Violation] = []
    allowed = []
    known = _Known(answers)
    for index in np.flatnonzero(commands.moving):
        violation = _violation(commands, int(index), known, released, limits)
        if violation is None:
            allowed.append(commands.received[index])
        else:
            found.append(violation)
    found += _unasked(travel, np.array(allowed, dtype=np.int64), limits)
    found.sort(key=lambda violation: violation.time)
    return Recount(len(commands.hold), int(commands.moving.sum()), tuple(found))


class _Known:
    """The deviations, to be looked up by their stamps."""

    def __init__(self, answers: Answers) -> None:
        # The first of each stamp: later ones repeat it to say that images have stopped.
        stamps, first = np.unique(answers.stamp, return_index=True)
        self._first = dict(zip(stamps.tolist(), first.tolist(), strict=True))
        self._answers = answers
        self._invalid = answers.received[~answers.valid]

    def valid(self, stamp: int) -> bool | None:
        """Whether the deviation of a frame was valid; None: there is none."""
        first = self._first.get(stamp)
        return None if first is None else bool(self._answers.valid[first])

    def denied(self, stamp: int) -> int | None:
        """When the first invalid deviation came after that of a frame (ns); None: there is none."""
        known = self._answers.received[self._first[stamp]]
        after = int(np.searchsorted(self._invalid, known, side="right"))
        return int(self._invalid[after]) if after < len(self._invalid) else None


def _violation(
    commands: Commands, index: int, known: _Known, released: int | None, limits: Limits
) -> Violation | None:
    """What a command that asks for motion lacks; None: nothing."""
    received, stamp = int(commands.received[index]), int(commands.stamp[index])
    velocities = np.array([commands.advance[index], commands.retraction[index]])
    asked = f"command of {1e3 * velocities[0]:.3g} mm/s advance, {1e3 * velocities[1]:.3g} mm/s retraction"
    age = (received - stamp) / NS

    def lacks(breach: Breach, sentence: str) -> Violation:
        return Violation(breach, received, f"{asked} {sentence}")

    valid = known.valid(stamp)
    if valid is None:
        return lacks(Breach.UNANSWERED, "has the stamp of no deviation in the bag")
    if not valid:
        return lacks(Breach.INVALID, "answers a deviation that is not valid")
    if not abs(age) <= limits.age:
        return lacks(Breach.OLD, f"answers a deviation that is {age:.3f} s old, {limits.age:g} s at most")
    denied = known.denied(stamp)
    if denied is not None and (late := (received - denied) / NS) > limits.delay:
        return lacks(Breach.SUPERSEDED, f"comes {late:.3f} s after a later deviation that is not valid")
    if not np.isfinite(velocities).all():
        return lacks(Breach.NOT_FINITE, "is not finite")
    if np.abs(velocities).max() > limits.velocity:
        return lacks(Breach.TOO_FAST, f"is beyond {1e3 * limits.velocity:g} mm/s")
    if velocities[0] > 0 and released is not None and stamp >= released:
        return lacks(Breach.AFTER_RELEASE, f"advances {(stamp - released) / NS:.3f} s after the release")
    return None


def _unasked(travel: Travel, allowed: NsArray, limits: Limits) -> Iterator[Violation]:
    """Motion of the robot at times when no allowed command can have caused it."""
    before, after = round(limits.delay * NS), round(limits.lag * NS)
    last = np.searchsorted(allowed, travel.time + before, side="right") - 1
    caused = np.zeros(len(travel.time), dtype=bool)
    known = last >= 0
    caused[known] = travel.time[known] - allowed[last[known]] <= after
    edges = np.flatnonzero(np.diff(np.concatenate([[True], caused, [True]]).astype(np.int8)))
    for begin, end in edges.reshape(-1, 2):
        drives = np.stack([travel.advance[begin:end], travel.retraction[begin:end]])
        moved = np.abs(drives - drives[:, :1]).max(axis=0)
        beyond = np.flatnonzero(~(moved <= limits.slip))
        if beyond.size:
            drive = "advance" if np.ptp(drives[0]) >= np.ptp(drives[1]) else "retraction"
            yield Violation(
                Breach.UNASKED,
                int(travel.time[begin + beyond[0]]),
                f"{drive} of the robot by {1e3 * np.nanmax(moved):.2f} mm in "
                f"{(travel.time[end - 1] - travel.time[begin]) / NS:.2f} s without a command that had leave",
            )
