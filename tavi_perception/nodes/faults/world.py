"""The time of a scene: that of the machine, or slow motion, told on /clock, for a busy machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock

NS = 1_000_000_000

TICK = 0.005
"""s between two messages on /clock."""


class World:
    """In slow motion nothing changes but that every process has so many times the processor.

    Args:
        slower: than life, 1 and more.
    """

    def __init__(self, slower: float) -> None:
        self.slower = slower
        self._begun = time.time_ns()
        self._offset = self._stands = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def simulated(self) -> bool:
        """Whether nodes have to go by /clock."""
        return self.slower != 1.0

    def now(self) -> int:
        """ns; never set."""
        return self.of(time.time_ns())

    def of(self, wall: int) -> int:
        """The time (ns) in the scene at a time of the machine (ns)."""
        return wall if not self.simulated else self._begun + round((wall - self._begun) / self.slower)

    def told(self) -> int:
        """ns; what the clocks say, which may be set."""
        return self._stands or self.now() + self._offset

    def sleep(self, seconds: float) -> None:
        time.sleep(self.slower * seconds)

    def came(self, done: Callable[[], Any], timeout: float) -> bool:
        """Whether something came to be within ``timeout`` s."""
        deadline = time.monotonic() + self.slower * timeout
        while not done():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005 * self.slower)
        return True

    def set_back(self, seconds: float) -> None:
        self._offset -= round(seconds * NS)

    def stand(self) -> None:
        self._stands = self.told()

    def go(self) -> None:
        self._stands = 0

    def tell(self, node: Node) -> None:
        """Publishes the time on /clock from now on."""
        if self._thread is None:
            profile = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
            self._publisher = node.create_publisher(Clock, "/clock", profile)
            self._thread = threading.Thread(target=self._tick, name="clock", daemon=True)
            self._thread.start()

    def end(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _tick(self) -> None:
        while not self._ended.wait(TICK * self.slower):
            told = self.told()
            self._publisher.publish(Clock(clock=Time(sec=told // NS, nanosec=told % NS)))
