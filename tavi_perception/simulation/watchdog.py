"""Which commands the delivery robot follows: fresh, finite and sane ones; else it stands still."""

from __future__ import annotations

import math
import threading
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


class Watchdog:
    """Keeps the newest command and its validity; may be called from any thread.

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
        self._drive = Drive()
        self._received = math.inf
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
            self._drive = Drive(cause=still) if still else Drive(advance, retraction, False, "")
            self._received = now - max(age, 0.0)
            return defect

    def drive(self, now: float) -> Drive:
        """What the drives do at steady time ``now`` (s)."""
        with self._lock:
            if self._drive.hold or now - self._received <= self._timeout:
                return self._drive
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
