"""The node by which a session follows a procedure: where it stands, and the controller's services."""

from __future__ import annotations

import dataclasses
import threading
from collections import deque

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.client import Client
from rclpy.node import Node
from std_srvs.srv import Trigger
from tavi_msgs.msg import CatheterDeviation, ControllerState

from tavi_perception.bags import decode
from tavi_perception.control.decision import Phase
from tavi_perception.nodes import qos
from tavi_perception.nodes.graph import GraphError
from tavi_perception.visualization.closed_loop.live import Progress

ANSWER_TIMEOUT = 5.0
"""s for a service of the controller."""

Change = tuple[float, Phase, str]
"""A phase that has begun: when (s after the first frame), which, and why."""


class Onlooker(Node):
    """Is spun by another thread than the one that asks it."""

    def __init__(self) -> None:
        super().__init__("onlooker")
        self.progress = Progress()
        self._first = 0
        self._changes: deque[Change] = deque()
        self._start, self._abort = (
            self.create_client(Trigger, f"/tavi/controller/{name}") for name in ("start", "abort")
        )
        self.create_subscription(ControllerState, "/controller/state", self._on_state, qos.OUTPUT)
        self.create_subscription(CatheterDeviation, "/tavi/deviation", self._on_deviation, qos.OUTPUT)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, qos.OUTPUT)

    @property
    def time(self) -> float:
        """s since the first frame was taken; 0 before."""
        return 1e-9 * (self.get_clock().now().nanoseconds - self._first) if self._first else 0.0

    @property
    def phase(self) -> Phase:
        return self.progress.phase

    def changes(self) -> list[Change]:
        """The phases that have begun since the last call."""
        return [self._changes.popleft() for _ in range(len(self._changes))]

    def start(self) -> None:
        """Lets the controller begin.

        Raises:
            GraphError: it does not.
        """
        answer = self._call(self._start)
        if answer is None or not answer.success:
            said = "it does not answer" if answer is None else answer.message
            raise GraphError(f"the controller does not begin: {said}; see controller.log")

    def abort(self) -> None:
        """Tells the controller to give up, if it has a service for that."""
        if self._abort.service_is_ready():
            self._call(self._abort)

    def _call(self, client: Client) -> Trigger.Response | None:
        if not client.wait_for_service(ANSWER_TIMEOUT):
            return None
        answered = threading.Event()
        future = client.call_async(Trigger.Request())
        future.add_done_callback(lambda _: answered.set())
        return future.result() if answered.wait(ANSWER_TIMEOUT) else None

    def _on_state(self, msg: ControllerState) -> None:
        try:
            phase = Phase(msg.phase)
        except ValueError:
            self.get_logger().error(f"/controller/state: there is no phase {msg.phase}", once=True)
            return
        if phase is not self.phase:
            self._changes.append((self.time, phase, msg.reason))
        self._update(
            phase=phase,
            reason=msg.reason,
            depth=msg.depth,
            depth_sigma=msg.depth_sigma,
            target_depth=msg.target_depth,
        )

    def _on_deviation(self, msg: CatheterDeviation) -> None:
        self._first = self._first or decode.stamp_ns(msg)
        self._update(deviation=decode.deviation(msg), latency=decode.seconds(msg.latency))

    def _on_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            if status.name == "contrast":
                self._update(contrast_ml=float({pair.key: pair.value for pair in status.values}["ml"]))

    def _update(self, **news: object) -> None:
        self.progress = dataclasses.replace(self.progress, **news)
