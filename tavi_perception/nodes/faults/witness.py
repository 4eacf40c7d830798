"""The witness of the campaign: hears what matters and when it arrived, and how busy the machine is."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from tavi_msgs.msg import CatheterDeviation, KeypointArray

from tavi_perception.bags.decode import stamp_ns
from tavi_perception.estimates import Reason
from tavi_perception.faults.oracle import Answer
from tavi_perception.nodes import qos
from tavi_perception.nodes.faults.world import World

RECEIVED, SENT = "received_timestamp", "source_timestamp"
"""Moments on the way of a message, as rclpy names them."""

BEAT = 0.01
"""s between two looks at whether the machine lets us go on."""


class Witness(Node):
    """Is spun by another thread than the one that asks it."""

    def __init__(self, namespace: str, world: World) -> None:
        super().__init__("witness", namespace=namespace)
        self._world = world
        self._lock = threading.Lock()
        self._heard: dict[str, list[tuple[int, Any]]] = {}
        self._status: dict[str, tuple[int, DiagnosticStatus]] = {}
        self.listen(KeypointArray, "keypoints")
        self.listen(CatheterDeviation, "deviation")
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, qos.OUTPUT)

    def listen(
        self, message: type, topic: str, profile: qos.QoSProfile = qos.OUTPUT, moment: str = RECEIVED
    ) -> Any:
        """Keeps what comes on a topic from now on, with the time of a moment of its way."""
        kept: list[tuple[int, Any]] = self._heard.setdefault(topic, [])

        def keep(msg: Any, info: dict[str, int]) -> None:
            with self._lock:
                kept.append((self._world.of(info.get(moment) or time.time_ns()), msg))

        return self.create_subscription(message, topic, keep, profile)

    def heard(self, topic: str) -> list[tuple[int, Any]]:
        """(time in ns, message) of a topic since the record began."""
        with self._lock:
            return list(self._heard.get(topic, ()))

    def forget(self) -> None:
        """A new record begins; what diagnostics have said last still holds."""
        with self._lock:
            for kept in self._heard.values():
                kept.clear()

    @property
    def answers(self) -> list[Answer]:
        return [
            Answer(stamp_ns(msg), received, msg.valid, Reason(msg.reasons))
            for received, msg in self.heard("deviation")
        ]

    @property
    def keypoints(self) -> list[int]:
        return [stamp_ns(msg) for _, msg in self.heard("keypoints")]

    def status(self, name: str, after: int = 0) -> DiagnosticStatus | None:
        """The last that was said under a name, if that was after a time (ns)."""
        with self._lock:
            received, status = self._status.get(name, (0, None))
        return status if received > after else None

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        with self._lock:
            for status in msg.status:
                self._status[status.name] = self._world.now(), status


class Metronome:
    """Notices for how long the machine did not let a thread go on that wanted to."""

    def __init__(self) -> None:
        self._longest, self._ended = 0.0, False
        self._thread = threading.Thread(target=self._beat, name="metronome", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ended = True
        self._thread.join()

    def reset(self) -> None:
        self._longest = 0.0

    @property
    def longest(self) -> float:
        """s, since the last reset."""
        return self._longest

    def _beat(self) -> None:
        while not self._ended:
            begun = time.monotonic()
            time.sleep(BEAT)
            self._longest = max(self._longest, time.monotonic() - begun - BEAT)


def resident(pid: int) -> int:
    """Resident memory of a process (bytes); 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def value(status: DiagnosticStatus | None, key: str) -> str:
    """What a status tells under a key; empty where it does not."""
    return next((pair.value for pair in status.values if pair.key == key), "") if status else ""


def kept_waiting(pid: int) -> float:
    """Time for which the threads of a process have waited for a processor (s); 0 where nobody says."""
    waited = 0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            waited += int((task / "schedstat").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):  # a thread has ended meanwhile
        pass
    return 1e-9 * waited
