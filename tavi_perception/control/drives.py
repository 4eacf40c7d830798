"""What the robot has reported of its drives, and what that does to the stent's inflow edge."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque

from tavi_perception.control.config import ControlConfig
from tavi_perception.control.decision import RobotReading

_KEPT = 150
"""Readings: 3 s at 50/s."""

_MOVES = 0.00005
"""Travel of a drive (m) within one reading's distance that is more than its noise."""


_RUNS_ON = 0.3
"""s that a drive may move after the last command: 0.2 until that has run out, and its lag (unsourced)."""


STANDS = 0.0003
"""Change of its travel (m) up to which the capsule stands still: the stent neither shortens nor creeps."""

SHEATHED = 0.0003
"""Travel of the capsule (m) up to which it covers the whole stent: half a per cent of it."""


class Drives:
    """The last readings of the robot, by their stamps.

    Attributes:
        leapt: two readings in a row lie further apart than the drives can have travelled: the robot counts
            from elsewhere, or its travel is none.
    """

    def __init__(self) -> None:
        self._readings: deque[RobotReading] = deque(maxlen=_KEPT)
        self._moved = -math.inf
        self._sound = math.nan
        self.leapt = False

    def add(self, reading: RobotReading, config: ControlConfig) -> None:
        """Take a reading; one that is no number, or not younger than all before, is ignored."""
        numbers = (reading.stamp, reading.advance, reading.retraction)
        if not all(map(math.isfinite, numbers)):
            return
        last = self.last
        if last is not None:
            if reading.stamp <= last.stamp:
                return
            travel = max(abs(reading.advance - last.advance), abs(reading.retraction - last.retraction))
            if reading.moving or travel > _MOVES:
                self._moved = reading.stamp
            # Nothing is commanded while nothing is heard of the robot.
            longest = config.robot_silence + _RUNS_ON
            self.leapt = self.leapt or travel > longest * config.fastest
        if not reading.fault or last is None:
            self._sound = reading.stamp
        self._readings.append(reading)

    @property
    def last(self) -> RobotReading | None:
        return self._readings[-1] if self._readings else None

    def silent(self, now: float, config: ControlConfig) -> bool:
        """Nothing was heard of the robot for too long."""
        return self.last is None or now - self.last.stamp > config.robot_silence

    def still_for(self, now: float) -> float:
        """Time since a drive last moved (s)."""
        return now - self._moved

    def faulty_for(self) -> float:
        """Time for which the robot has reported a fault (s); 0: it has none."""
        return self.last.stamp - self._sound if self.last is not None and self.last.fault else 0.0

    def retraction(self) -> float:
        """Of the capsule now (m)."""
        return self.last.retraction if self.last is not None else math.nan

    def at(self, stamp: float) -> tuple[float, float]:
        """Travel of both drives at ``stamp``, between two readings where it lies between them."""
        readings = self._readings
        index = bisect_left(readings, stamp, key=lambda reading: reading.stamp)
        if index == 0 or index == len(readings):
            nearest = readings[min(index, len(readings) - 1)]
            return nearest.advance, nearest.retraction
        before, after = readings[index - 1], readings[index]
        share = (stamp - before.stamp) / (after.stamp - before.stamp)
        return (
            before.advance + share * (after.advance - before.advance),
            before.retraction + share * (after.retraction - before.retraction),
        )
