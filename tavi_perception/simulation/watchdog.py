"""Which commands the delivery robot follows: fresh, finite and sane ones; else it stands still."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass

_NOT_YET = "no command yet"
_TOLD = "it is told to hold"


@dataclass(frozen=True)
class Drive:
    """What the drives do now.

    Attributes:
        advance: of the whole catheter (m/s, positive into the ventricle).
        retraction: of the capsule over the stent (m/s, positive opens it).
        hold: they stand still; both velocities are 0.
        cause: why they do, in words; empty when they move.
    """

    advance: float = 0.0
    retraction: float = 0.0
    hold: bool = True
    cause: str = _NOT_YET

    @property
    def defect(self) -> bool:
        """They stand still although nobody has told them to."""
        return self.hold and self.cause not in (_NOT_YET, _TOLD)


_KEPT = 100
"""Commands that are remembered for drives that lag behind: three seconds of them."""


@dataclass(frozen=True)
class _Taken:
    """What the drives do from one steady time (s) on, up to another where it is a motion."""

    since: float
    until: float
    drive: Drive


class Watchdog:
    """Keeps the commands and their validity; may be called from any thread.

    A velocity that is not finite, or beyond the limit, can only come from a defect: it is a fault, in which
    the robot stands still and ignores commands until one says ``hold``. A command that has run out, or comes
    too late, is none: the robot stands still until the next.

    Args:
        timeout: age (s) at which a command runs out.
        velocity_limit: largest velocity that can be meant (m/s).
    """

    def __init__(self, timeout: float, velocity_limit: float) -> None:
        self._timeout = timeout
        self._limit = velocity_limit
        self._lock = threading.Lock()
        self._taken = deque([_Taken(-math.inf, math.inf, Drive())], maxlen=_KEPT)
        self._fault = False

    @property
    def fault(self) -> bool:
        return self._fault

    def receive(self, advance: float, retraction: float, hold: bool, *, now: float, age: float) -> str:
        """Takes a command.

        Args:
            advance, retraction, hold: as commanded (m/s).
            now: steady time of receipt (s).
            age: time since its stamp (s); 0 when it has none.

        Returns:
            A sentence that says why the robot stands still although the command asks for motion; empty when
            it does as it is told.
        """
        with self._lock:
            defect = self._defect(advance, retraction, hold, age)
            still = defect or (_TOLD if hold else "")
            drive = Drive(cause=still) if still else Drive(advance, retraction, False, "")
            self._taken.append(_Taken(now, now - max(age, 0.0) + self._timeout, drive))
            return defect

    def drive(self, now: float) -> Drive:
        """What the drives do at steady time ``now`` (s), which never goes back.

        A process that was kept waiting catches up with its drives: no command moves them before it came, and
        one that stops them does so at once.
        """
        with self._lock:
            newest = self._taken[-1].drive
            while len(self._taken) > 1 and (newest.hold or self._taken[1].since <= now):
                self._taken.popleft()
            taken = self._taken[0]
        if taken.drive.hold or now <= taken.until:
            return taken.drive
        return Drive(cause=f"no command for {self._timeout:g} s")

    def _defect(self, advance: float, retraction: float, hold: bool, age: float) -> str:
        if hold:
            self._fault = False
            return ""
        if not (abs(advance) <= self._limit and abs(retraction) <= self._limit):  # NaN is not within either
            self._fault = True
            return (
                f"a command of {advance:g} m/s advance and {retraction:g} m/s retraction, where at most "
                f"{self._limit:g} m/s can be meant; until a command says hold, others are ignored"
            )
        if self._fault:
            return "it has stopped for a fault and ignores commands until one says hold"
        if not abs(age) <= self._timeout:
            return f"a command is {age:.3g} s old, older than {self._timeout:g} s"
        return ""
