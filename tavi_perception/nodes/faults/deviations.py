"""In place of perception: deviations of a sheathed valve that follow the robot's travel, through a lens.

Whoever asks for contrast gets it: then the annulus is measured for a while.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from rclpy.node import Node
from tavi_msgs.msg import AnnulusFrame
from tavi_msgs.msg import CatheterDeviation as CatheterDeviationMsg

from tavi_perception.audit.motion import Answers
from tavi_perception.bags.decode import stamp_ns
from tavi_perception.estimates import AnnulusSource, CatheterDeviation, DepthReference, Stage
from tavi_perception.nodes import conversions, qos
from tavi_perception.nodes.faults.camera import header
from tavi_perception.nodes.faults.film import RATE
from tavi_perception.nodes.faults.world import NS, World

FAR = 0.08
"""m from the annulus, at which a procedure begins: the controller moves all the while."""

ANEW = 0.005
"""m that no drive travels between two reports: the robot counts from elsewhere."""

INJECTED_AFTER, WASHED_OUT = 1.0, 3.0
"""s after contrast was asked for between which the annulus is seen."""

LATENCY = 0.03
"""s that a deviation says it took."""

KEPT = 20
"""Deviations before a record that its first commands may answer."""


@dataclass(frozen=True)
class Word:
    """A message to be sent, and whether a robot may move on it where it says that it is valid."""

    msg: CatheterDeviationMsg
    good: bool = True


Lens = Callable[[float, int], list[Word]]
"""What is said of a depth (m) at a time (ns)."""


def word(depth: float, stamp: int, /, good: bool = True, **changed: object) -> Word:
    """A valid deviation of a sheathed valve at a depth (m), with fields of its message changed."""
    deviation = CatheterDeviation(
        valid=True,
        stage=Stage.POSITIONING,
        reference=DepthReference.CAPSULE,
        depth=depth,
        depth_sigma=0.0003,
        lateral=0.001,
        lateral_sigma=0.0005,
        angle=0.05,
        angle_sigma=0.01,
        extraction=0.0,
        annulus_source=AnnulusSource.PIGTAIL,
    )
    msg = conversions.deviation_to_msg(deviation, header(stamp), LATENCY)
    for name, value in changed.items():
        setattr(msg, name, value)
    return Word(msg, good)


def clear(depth: float, stamp: int) -> list[Word]:
    """The lens where nothing is wrong."""
    return [word(depth, stamp)]


class Deviations:
    """Publishes in a thread of its own.

    Attributes:
        follows: share of the drive's travel by which the catheter moves.
        period: s between two deviations.
        advance: travel of the catheter's drive (m), as the robot has reported it last.
    """

    def __init__(self, node: Node, world: World) -> None:
        self._world = world
        self._publisher = node.create_publisher(CatheterDeviationMsg, "deviation", qos.OUTPUT)
        self.follows, self.period, self.advance = 1.0, 1.0 / RATE, 0.0
        self._depth = -FAR
        self._asked = 0
        """When contrast was asked for last (ns)."""
        self._lens: Lens = clear
        self._broken: Exception | None = None
        self._said: list[tuple[int, int, bool]] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._perceive, name="deviations", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def begin(self) -> None:
        """The valve is far from the annulus, on the side from which the drive moves to its middle."""
        self._depth, self.follows = FAR if self.advance > 0.0 else -FAR, 1.0

    def moved(self, advance: float) -> None:
        """The robot reports its travel (m)."""
        travelled, self.advance = advance - self.advance, advance
        if abs(travelled) < ANEW:
            self._depth += self.follows * travelled

    def asked(self, contrast: bool) -> None:
        """The controller asks for contrast, or does not; until an injection has washed out nobody injects."""
        if contrast and self._since_asked > WASHED_OUT:
            self._asked = self._world.now()

    @property
    def _since_asked(self) -> float:
        return (self._world.now() - self._asked) / NS

    def forget(self) -> None:
        """A new record begins."""
        with self._lock:
            del self._said[:-KEPT]

    @property
    def said(self) -> Answers:
        """Since the record began, and shortly before; valid is on what a robot may move."""
        with self._lock:
            received, stamps, valid = zip(*self._said, strict=True)
        return Answers(np.array(received), np.array(stamps), np.array(valid))

    @property
    def last(self) -> int:
        """Stamp of the last (ns)."""
        with self._lock:
            return self._said[-1][1]

    @contextmanager
    def through(self, lens: Lens) -> Iterator[None]:
        """Perceives through a lens meanwhile."""
        self._lens = lens
        try:
            yield
        finally:
            self._lens = clear
        if self._broken is not None:
            raise self._broken

    def _perceive(self) -> None:
        due = time.monotonic()
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            due = max(due + self._world.slower * self.period, time.monotonic())
            try:
                words = self._lens(self._depth, self._world.told())
            except Exception as error:  # of the case, which is to fail for it
                self._lens, self._broken, words = clear, error, []
            measured = INJECTED_AFTER < self._since_asked < WASHED_OUT
            for each in words:
                if measured:
                    each.msg.annulus_source = AnnulusFrame.SOURCE_CONTRAST
                self._say(each)

    def _say(self, said: Word) -> None:
        with self._lock:
            valid = bool(said.msg.valid and said.good)
            self._said.append((self._world.now(), stamp_ns(said.msg), valid))
        self._publisher.publish(said.msg)
