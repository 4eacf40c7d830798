"""How long a procedure, a task and a standstill may last."""

from __future__ import annotations

from tavi_perception.control.config import ControlConfig
from tavi_perception.estimates import NAN


class Patience:
    """Keeps the time; all times are in s.

    The time of a task is that in which there was something to act on. How long contrast, valid deviations or
    the robot may be waited for is another question, with a limit of its own (``hold_timeout``).

    Attributes:
        acted: when there was last something to act on.
        task_for: time that the present task has taken.
    """

    def __init__(self) -> None:
        self._started = self.acted = NAN
        self._waits = False
        self.task_for = 0.0

    def start(self, now: float) -> None:
        self._started = self.acted = now

    def begin_task(self) -> None:
        self.task_for = 0.0

    def act(self, now: float) -> float:
        """There is something to act on; for how long that is so without a break, since it was last (s)."""
        passed = 0.0 if self._waits else now - self.acted
        self.task_for += passed
        self.acted, self._waits = now, False
        return passed

    def wait(self) -> None:
        """There is nothing to act on."""
        self._waits = True

    def exhausted(self, now: float, task: str, loosens: bool, config: ControlConfig) -> str:
        """Which limit is passed; empty: none.

        Args:
            task: the present one's name.
            loosens: the stent is being let go, or has: to stop then helps nobody.
        """
        if now - self._started > config.procedure_timeout and not loosens:
            return f"not finished within {config.procedure_timeout:g} s"
        if self.task_for > config.task_timeout:
            return f"{task} does not get on in {config.task_timeout:g} s"
        if now - self.acted > config.hold_timeout:
            return f"nothing to act on for {config.hold_timeout:g} s"
        return ""
