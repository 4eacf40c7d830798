"""One closed loop without ROS: patient and robot, perception and controller, in simulated time."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tavi_perception.control.config import ControlConfig
from tavi_perception.control.controller import Controller
from tavi_perception.control.decision import Decision, DriveCommand, RobotReading
from tavi_perception.estimates import CatheterDeviation, Reason
from tavi_perception.evaluation.closed_loop.perception import Perceives
from tavi_perception.simulation.fault import Fault, FaultKind
from tavi_perception.simulation.faulty import FaultyImages, FaultyProcedure
from tavi_perception.simulation.live import LiveProcedure
from tavi_perception.simulation.robot import Command, Robot
from tavi_perception.simulation.staff import Staff
from tavi_perception.simulation.truth import Truth
from tavi_perception.simulation.watchdog import Watchdog

MM = 1e-3

_RESTART_S = 2.0
"""Time that a node needs to be there again (measured: its imports and its model take 1.5 s)."""


@dataclass(frozen=True)
class LoopOptions:
    """How a loop runs; times in s.

    Attributes:
        frame_rate: of the images (Hz). size: of their side (px).
        latency: from the capture of a frame to its deviation at the controller; between processes 26 to
            43 ms were measured.
        transport: of any other message.
        robot_rate: of the robot's steps and reports (Hz); a whole multiple of the frame rate is taken.
        stale_after: age of an image at which its deviation is not valid any more.
        watchdog: age of a command at which the robot stands still.
        limit: at which a loop ends that does not end itself. after: what is still watched after the end.
    """

    frame_rate: float = 15.0
    size: int = 1000
    latency: float = 0.045
    transport: float = 0.002
    robot_rate: float = 50.0
    stale_after: float = 0.2
    watchdog: float = 0.2
    limit: float = 170.0
    after: float = 1.0


@dataclass(frozen=True)
class LoopFrame:
    """What one deviation led to: of the frame said to be captured at ``stamp``, decided on at ``now`` (s)."""

    stamp: float
    now: float
    deviation: CatheterDeviation
    decision: Decision


@dataclass
class LoopRecord:
    """Everything that a judge needs; times in s.

    Attributes:
        frames: a deviation after the other.
        truths: time of capture and truth of one frame after the other.
        commands: time of receipt and command, one after the other.
        travel: (time, advance, retraction) of the drives (m).
        injections: when contrast was injected.
    """

    frames: list[LoopFrame] = field(default_factory=list)
    truths: list[tuple[float, Truth]] = field(default_factory=list)
    commands: list[tuple[float, DriveCommand]] = field(default_factory=list)
    travel: list[tuple[float, float, float]] = field(default_factory=list)
    injections: list[float] = field(default_factory=list)


class ClosedLoop:
    """Steps one procedure through time until the controller has finished.

    Args:
        perceive: a new perception, which remembers nothing.
        fault: what goes wrong; None: nothing.
    """

    def __init__(
        self, procedure: LiveProcedure, perceive: Callable[[], Perceives], config: ControlConfig,
        staff: Staff, options: LoopOptions, fault: Fault | None = None,
    ) -> None:  # fmt: skip
        self._procedure, self._perceive, self._config = procedure, perceive, config
        self._staff, self._options, self._fault = staff, options, fault
        self._images, self._faulty = FaultyImages(fault), FaultyProcedure(procedure, fault)
        self._perception, self._controller = perceive(), Controller(config)
        self._watchdog = Watchdog(options.watchdog, MM * Robot.MAX_VELOCITY_MM_S)
        self._requested = False
        self._last_answer = (0.0, math.nan)
        self._down_until = dict.fromkeys((FaultKind.CONTROLLER_RESTARTS, FaultKind.PERCEPTION_RESTARTS), 0.0)
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = 0
        self.record = LoopRecord()

    def run(self) -> LoopRecord:
        """Everything that happened."""
        options = self._options
        per_frame = max(1, round(options.robot_rate / options.frame_rate))
        dt = 1.0 / (options.frame_rate * per_frame)
        self._controller.start(0.0)
        ends, tick = options.limit, 0
        while (now := tick * dt) < ends:
            self._restart(now)
            if tick % per_frame == 0:
                self._capture(now)
            self._report(now)
            self._deliver(now)
            self._step(dt, now)
            if self._controller.finished:
                ends = min(ends, now + options.after)
            tick += 1
        return self.record

    def _capture(self, now: float) -> None:
        """The frame of this moment goes its way; its answer comes ``latency`` later."""
        procedure, images = self._procedure, self._images
        self.record.truths.append((now, procedure.truth()))
        image = images.image(np.asarray(procedure.image(), dtype=np.uint8), now)
        if image is None or self._is_down(FaultKind.PERCEPTION_RESTARTS, now):
            return
        stamp, late = images.stamp(now), self._options.latency + images.delay(now)
        geometry = images.geometry(procedure.geometry, now)
        deviation = self._perception.answer(image, stamp, geometry, now + late - stamp)
        self._post(now + late, lambda at: self._answer(deviation, stamp, at))

    def _report(self, now: float) -> None:
        state = self._procedure.robot.state
        fault = state.fault or self._watchdog.fault
        reading = RobotReading(now, MM * state.advance_mm, MM * state.retraction_mm, state.moving, fault)
        self.record.travel.append((now, reading.advance, reading.retraction))
        self._post(now + self._options.transport, lambda at: self._controller.on_robot(reading))

    def _answer(self, deviation: CatheterDeviation, stamp: float, now: float) -> None:
        self._last_answer = (now, stamp)
        if self._is_down(FaultKind.CONTROLLER_RESTARTS, now):
            return
        decision = self._controller.on_deviation(deviation, stamp, now)
        self.record.frames.append(LoopFrame(stamp, now, deviation, decision))
        self._send(decision, now)

    def _send(self, decision: Decision, now: float) -> None:
        self._requested = decision.contrast_requested
        self._post(now + self._options.transport, lambda at: self._receive(decision.command, at))

    def _receive(self, command: DriveCommand, now: float) -> None:
        self.record.commands.append((now, command))
        age = now - command.stamp if math.isfinite(command.stamp) else 0.0
        self._watchdog.receive(
            command.advance_velocity, command.retraction_velocity, command.hold, now=now, age=age
        )

    def _deliver(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            due, _, arrive = heapq.heappop(self._due)
            arrive(due)
        answered, stamp = self._last_answer
        stale = now - answered > self._options.stale_after
        if stale and not self._is_down(FaultKind.PERCEPTION_RESTARTS, now):
            self._answer(CatheterDeviation(reasons=Reason.IMAGE_STALE), stamp, now)
        if self._is_down(FaultKind.CONTROLLER_RESTARTS, now):
            return
        if decision := self._controller.on_clock(now):
            self._send(decision, now)

    def _step(self, dt: float, now: float) -> None:
        procedure, drive = self._procedure, self._watchdog.drive(now)
        device = procedure.robot.device
        self._faulty.act()
        if self._staff.asked(now, self._requested) and not self._faulty.contrast_fails:
            self.record.injections.append(now)
            procedure.inject()
        procedure.pacing = self._staff.paces(now, device.extraction, device.released)
        procedure.step(dt, Command(drive.advance / MM, drive.retraction / MM, drive.hold))

    def _restart(self, now: float) -> None:
        """Loses what controller or perception knew, where that is the fault."""
        fault = self._fault
        if fault is None or now < fault.start or self._down_until.get(fault.kind, 1.0):
            return
        self._down_until[fault.kind] = now + _RESTART_S
        if fault.kind is FaultKind.PERCEPTION_RESTARTS:
            self._perception = self._perceive()
        else:
            self._controller = Controller(self._config)
            self._controller.start(now + _RESTART_S)
            self._requested = False

    def _is_down(self, kind: FaultKind, now: float) -> bool:
        return now < self._down_until[kind]

    def _post(self, due: float, arrive: Callable[[float], None]) -> None:
        self._count += 1
        heapq.heappush(self._due, (due, self._count, arrive))
