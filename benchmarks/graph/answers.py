"""What the measuring process hears of the node under test: the first answer to each frame, and its timing."""

from __future__ import annotations

import struct
import threading
import time
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription
from std_msgs.msg import Header
from tavi_msgs.msg import CArmGeometry as CArmGeometryMsg
from tavi_msgs.msg import CatheterDeviation, KeypointArray

from benchmarks.graph.camera import FRAME_ID
from benchmarks.graph.figures import Answer
from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import Reason
from tavi_perception.histogram import Durations
from tavi_perception.nodes import conversions, qos
from tavi_perception.nodes.session_graph import INPUTS, RESULTS
from tavi_perception.stage_clock import TimedStage
from tavi_perception.timing_values import summed_times

TYPES: dict[str, Any] = {RESULTS[0]: KeypointArray, RESULTS[2]: CatheterDeviation}
"""Topics whose messages can be an answer: the keypoints and, where there is one, the deviation."""

FAILED = Reason.MODEL_NOT_READY | Reason.PROCESSING_FAILED | Reason.IMAGE_REJECTED


class Stopwatch:
    """A node that takes the time of answers, and tells the C-arm's geometry, without which none is valid.

    Messages are kept unread until they are asked for, so that listening costs the machine next to nothing.

    Args:
        topic: of the answers, one of ``TYPES``.
        geometry: of the frames.
    """

    def __init__(self, topic: str, geometry: CArmGeometry) -> None:
        self.node = rclpy.create_node("stopwatch")
        self._type = TYPES[topic]
        self._lock = threading.Lock()
        self._first: dict[int, tuple[int, bytes]] = {}
        self._last_arrival = 0.0
        self._geometry = self.node.create_publisher(CArmGeometryMsg, INPUTS[1], qos.LATCHED)
        header = Header(stamp=self.node.get_clock().now().to_msg(), frame_id=FRAME_ID)
        self._geometry.publish(conversions.geometry_to_msg(geometry, header))
        self._subscription: Subscription = self.node.create_subscription(
            self._type, topic, self._hear, qos.OUTPUT, raw=True
        )
        self._messages: list[bytes] = []
        self._diagnostics: Subscription = self.node.create_subscription(
            DiagnosticArray, "/diagnostics", self._messages.append, qos.OUTPUT, raw=True
        )

    @property
    def count(self) -> int:
        """Frames that an answer has come to."""
        with self._lock:
            return len(self._first)

    @property
    def told(self) -> int:
        """Messages on /diagnostics."""
        return len(self._messages)

    def settle(self, stamps: tuple[int, ...], quiet: float) -> None:
        """Waits until all these frames are answered, or no further answer has come for ``quiet`` s."""
        missing, begun = set(stamps), time.monotonic()
        while missing:
            with self._lock:
                missing -= self._first.keys()
                last = max(begun, self._last_arrival)
            if time.monotonic() - last > quiet:
                return
            time.sleep(0.02)

    def take(self) -> dict[int, Answer]:
        """The first answer to each frame by its stamp (ns), since the last call."""
        with self._lock:
            first, self._first = self._first, {}
        return {stamp: self._answer(arrival, cdr) for stamp, (arrival, cdr) in first.items()}

    def take_stages(self) -> dict[TimedStage, Durations]:
        """What frames took on each stage, as far as the node says so, since the last call.

        The first message since then is left out: it tells of frames before, too.
        """
        told, self._messages[:] = self._messages[1:], []
        sums = summed_times(
            status for cdr in told for status in deserialize_message(cdr, DiagnosticArray).status
        )
        return {stage: histogram.durations() for stage, histogram in sums.items()}

    def _hear(self, cdr: bytes, info: dict[str, int]) -> None:
        # The middleware's time: this process may be busy with the answer before.
        arrival = info.get("received_timestamp") or time.time_ns()
        with self._lock:
            if (stamp := stamp_of(cdr)) not in self._first:  # our node repeats itself when images stop
                self._first[stamp] = (arrival, cdr)
                self._last_arrival = time.monotonic()

    def _answer(self, arrival: int, cdr: bytes) -> Answer:
        if self._type is not CatheterDeviation:
            return Answer(arrival)
        reasons = Reason(deserialize_message(cdr, CatheterDeviation).reasons)
        return Answer(arrival, bool(reasons & FAILED), Reason.IMAGE_STALE in reasons)


def stamp_of(cdr: bytes) -> int:
    """The stamp (ns) of a serialised message that begins with a header (DDS-XTypes 7.4.3, plain CDR)."""
    seconds, nanoseconds = struct.unpack_from("<iI" if cdr[1] & 1 else ">iI", cdr, 4)
    return int(seconds) * 10**9 + int(nanoseconds)
