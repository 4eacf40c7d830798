"""The reference delivery controller: from deviations to commands, without ROS and without clocks."""

from __future__ import annotations

import math

from tavi_perception.control.config import ControlConfig
from tavi_perception.control.decision import FINAL, Decision, DriveCommand, Phase, RobotReading
from tavi_perception.estimates import CatheterDeviation


class Controller:
    """Places one valve; every method tells what is decided at that moment.

    Nothing moves without a deviation that is valid, and at most ``stale_after`` old: commands of motion come
    out of ``on_deviation`` alone.
    """

    def __init__(self, config: ControlConfig) -> None:
        self.config = config
        self._phase = Phase.IDLE
        self._stamp = math.nan
        self._reason = "waits to be started"

    @property
    def finished(self) -> bool:
        """The valve is released, or the controller has given up."""
        return self._phase in FINAL

    def configure(self, config: ControlConfig) -> None:
        """Goes on with other parameters from now on."""
        self.config = config

    def start(self, now: float) -> Decision:
        """Begins to place the valve."""
        if self._phase is Phase.IDLE:
            self._phase, self._reason = Phase.HOLD, "started"
        return self._hold()

    def abort(self, reason: str, now: float) -> Decision:
        """Stops for good, from any phase but the final ones."""
        if not self.finished:
            self._phase, self._reason = Phase.ABORTED, reason
        return self._hold()

    def on_robot(self, reading: RobotReading) -> None:
        """Takes what the robot reports of itself."""

    def on_deviation(self, deviation: CatheterDeviation, stamp: float, now: float) -> Decision:
        """Decides on the deviation of the frame captured at ``stamp`` (s), which has come at ``now``."""
        self._stamp = stamp
        return self._hold()

    def on_clock(self, now: float) -> Decision | None:
        """A decision to stand still where nothing has come to act on, else None; to be asked every 20 ms."""
        return None

    def _hold(self) -> Decision:
        return Decision(
            DriveCommand(self._stamp, reason=self._reason), self._phase, target_depth=self.config.target_depth
        )
