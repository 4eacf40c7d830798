"""One closed loop without ROS: patient and robot, perception and controller, in simulated time."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from tavi_perception.control.controller import Controller
from tavi_perception.control.decision import Decision, DriveCommand, Phase, RobotReading
from tavi_perception.estimates import CatheterDeviation, Reason
from tavi_perception.evaluation.closed_loop.perception import Perception
from tavi_perception.simulation.live import LiveProcedure
from tavi_perception.simulation.robot import Command, Robot
from tavi_perception.simulation.staff import Staff
from tavi_perception.simulation.truth import Truth
from tavi_perception.simulation.watchdog import Watchdog

MM = 1e-3


@dataclass(frozen=True)
class LoopOptions:
    """How a loop runs; times in s.

    Attributes:
        frame_rate: of the images (Hz).
        latency: from the capture of a frame to its deviation at the controller (between processes 26 to 43 ms).
        transport: of any other message.
        robot_rate: of the robot's steps and reports (Hz); a whole multiple of the frame rate is taken.
        stale_after: age of an image at which its deviation is not valid any more.
        watchdog: age of a command at which the robot stands still.
        limit: at which a loop ends that does not end itself. after: what is still watched after the end.
    """

    frame_rate: float = 15.0
    latency: float = 0.045
    transport: float = 0.002
    robot_rate: float = 50.0
    stale_after: float = 0.2
    watchdog: float = 0.2
    limit: float = 170.0
    after: float = 1.0


@dataclass(frozen=True)
class LoopFrame:
    """What one deviation led to: of the frame captured at ``stamp``, decided on at ``now`` (s)."""

    stamp: float
    now: float
    deviation: CatheterDeviation
    decision: Decision


@dataclass
class LoopRecord:
    """Everything that a judge needs.

    Attributes:
        frames: a deviation after the other. truths: a captured frame's time (s) and truth after the other.
        motion: (time, command) of each step in which the robot was driven.
        injections: times at which contrast was injected (s).
    """

    frames: list[LoopFrame] = field(default_factory=list)
    truths: list[tuple[float, Truth]] = field(default_factory=list)
    motion: list[tuple[float, DriveCommand]] = field(default_factory=list)
    injections: list[float] = field(default_factory=list)


class ClosedLoop:
    """Steps one procedure through time until the controller has finished."""

    def __init__(
        self, procedure: LiveProcedure, perception: Perception, controller: Controller, staff: Staff,
        options: LoopOptions,
    ) -> None:  # fmt: skip
        self._procedure, self._perception, self._controller = procedure, perception, controller
        self._staff, self._options = staff, options
        self._watchdog = Watchdog(options.watchdog, MM * Robot.MAX_VELOCITY_MM_S)
        self._command = DriveCommand(math.nan)
        self._requested = False
        self._last_answer = (-math.inf, math.nan)
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
        procedure = self._procedure
        self.record.truths.append((now, procedure.truth()))
        deviation = self._perception.answer(procedure.image(), now, procedure.geometry, self._options.latency)
        self._post(now + self._options.latency, lambda at: self._answer(deviation, now, at))

    def _report(self, now: float) -> None:
        state = self._procedure.robot.state
        reading = RobotReading(
            now,
            MM * state.advance_mm,
            MM * state.retraction_mm,
            state.moving,
            state.fault or self._watchdog.fault,
        )
        self._post(now + self._options.transport, lambda at: self._controller.on_robot(reading))

    def _answer(self, deviation: CatheterDeviation, stamp: float, now: float) -> None:
        self._last_answer = (now, stamp)
        decision = self._controller.on_deviation(deviation, stamp, now)
        self.record.frames.append(LoopFrame(stamp, now, deviation, decision))
        self._send(decision, now)

    def _send(self, decision: Decision, now: float) -> None:
        self._requested = decision.contrast_requested
        self._post(now + self._options.transport, lambda at: self._receive(decision.command, at))

    def _receive(self, command: DriveCommand, now: float) -> None:
        self._command = command
        age = now - command.stamp if math.isfinite(command.stamp) else 0.0
        self._watchdog.receive(
            command.advance_velocity, command.retraction_velocity, command.hold, now=now, age=age
        )

    def _deliver(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            due, _, arrive = heapq.heappop(self._due)
            arrive(due)
        answered, stamp = self._last_answer
        if now - answered > self._options.stale_after and math.isfinite(stamp):
            self._answer(CatheterDeviation(reasons=Reason.IMAGE_STALE), stamp, now)
        if decision := self._controller.on_clock(now):
            self._send(decision, now)

    def _step(self, dt: float, now: float) -> None:
        procedure, drive = self._procedure, self._watchdog.drive(now)
        device = procedure.robot.device
        if not drive.hold:
            self.record.motion.append((now, self._command))
        if self._staff.asked(now, self._requested):
            self.record.injections.append(now)
            procedure.inject()
        procedure.pacing = self._staff.paces(now, device.extraction, device.released)
        procedure.step(dt, Command(drive.advance / MM, drive.retraction / MM, drive.hold))

    def _post(self, due: float, arrive: Callable[[float], None]) -> None:
        self._count += 1
        heapq.heappush(self._due, (due, self._count, arrive))


def final(phase: Phase) -> bool:
    return phase in (Phase.DONE, Phase.ABORTED)
