"""Which commands the delivery robot follows: fresh, finite and sane ones; in every other case it holds."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Drive:
    """What the drives do now.

    Attributes:
        advance: of the whole catheter (m/s, positive into the ventricle).
        retraction: of the capsule over the frame (m/s, positive opens it).
        hold: they stand still; both velocities are 0.
    """

    advance: float = 0.0
    retraction: float = 0.0
    hold: bool = True


HOLD = Drive()


class CommandGate:
    """Keeps the newest command and its validity; may be called from any thread.

    A velocity that is not finite, or beyond the limit, can only come from a defect: it is a fault, in which
    the robot holds and ignores commands until one says ``hold``. A command that has run out, or comes too
    late, is none: the robot holds until the next.

    Args:
        timeout: age (s) at which a command runs out.
        velocity_limit: largest velocity that can be meant (m/s).
    """

    def __init__(self, timeout: float, velocity_limit: float) -> None:
        self._timeout = timeout
        self._limit = velocity_limit
        self._lock = threading.Lock()
        self._drive = HOLD
        self._received = -math.inf
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
            A sentence that says why the robot holds although the command asks for motion; empty when it does
            as it is told.
        """
        with self._lock:
            self._drive, self._received = HOLD, now - max(age, 0.0)
            if hold:
                self._fault = False
                return ""
            if not (
                abs(advance) <= self._limit and abs(retraction) <= self._limit
            ):  # NaN is not within either
                self._fault = True
                return (
                    f"a command of {advance:g} m/s advance and {retraction:g} m/s retraction, where at most "
                    f"{self._limit:g} m/s can be meant: the robot holds until a command says hold"
                )
            if self._fault:
                return "the robot holds for a fault and ignores commands until one says hold"
            if abs(age) > self._timeout:
                return f"a command is {age:.3g} s old, older than {self._timeout:g} s: the robot holds"
            self._drive = Drive(advance, retraction, hold=False)
            return ""

    def drive(self, now: float) -> Drive:
        """What the drives do at steady time ``now`` (s)."""
        with self._lock:
            return self._drive if now - self._received <= self._timeout else HOLD
