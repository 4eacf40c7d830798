"""The simulator node: fluoroscopy of a synthetic patient, its truth, and the delivery robot in it."""

from __future__ import annotations

import math
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.time import Time
from tavi_msgs.msg import ControllerState, DeliveryCommand

from tavi_perception.bags import decode
from tavi_perception.nodes import qos
from tavi_perception.nodes.declaration import declare, read, warn_of_undeclared
from tavi_perception.nodes.mailbox import Mailbox
from tavi_perception.nodes.process import run_node
from tavi_perception.nodes.simulated_patient import PATIENTS
from tavi_perception.nodes.simulator_outputs import (
    SimulatorOutputs,
    contrast_in_words,
    contrast_status,
    fault_status,
    robot_status,
)
from tavi_perception.nodes.simulator_settings import SimulatorConfig
from tavi_perception.simulation.watchdog import Drive, Watchdog

COMMAND, CONTROLLER = "/delivery/command", "/controller/state"

LOOK_PERIOD = 0.1
"""s between two looks for a subscriber, before a script begins."""

LOG_PERIOD = 5.0
"""s between two log lines about the same failure."""

DIAGNOSTICS_PERIOD = 1.0
"""s between two messages on /diagnostics while nothing changes."""

REQUEST_TIMEOUT = 1.0
"""s after which a request for contrast counts no longer: whoever asked may be gone."""


class Simulator(Node):
    """Steps the patient in one thread and renders in another: neither waits for the other, nor for commands.

    Time in the patient follows a steady clock in whole steps: where rendering cannot keep up, frames are left
    out and counted in ``late``, and neither the heart nor the robot slows down. ``failure`` says why it has
    ended by itself; empty: it has not.
    """

    def __init__(self, **node_arguments: object) -> None:
        super().__init__("simulator", **node_arguments)
        declare(self, SimulatorConfig)
        self._config = read(self, SimulatorConfig)
        warn_of_undeclared(self)
        self.failure = ""
        """What broke the simulation down; the process ends with it."""
        self._patient = PATIENTS[self._config.script](self._config)
        self._watchdog = Watchdog(self._config.command_timeout, self._config.velocity_limit)
        self._outputs = SimulatorOutputs(self, self._config)
        self._listen(DeliveryCommand, COMMAND, self._on_command)
        self._listen(ControllerState, CONTROLLER, self._on_controller)
        self._requested_at = -math.inf
        self._drive, self._fault, self._injections = Drive(), False, 0
        self._left_out = 0
        self._taken: Mailbox[tuple[Time, Any]] = Mailbox()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True)
            for name, work in (("patient", self._live), ("camera", self._show))
        ]
        if self._patient.staff is not None:
            steady = Clock(clock_type=ClockType.STEADY_TIME)
            self.create_timer(DIAGNOSTICS_PERIOD, self._publish_diagnostics, clock=steady)

    @property
    def late(self) -> int:
        """Frames left out so far."""
        return self._left_out + self._taken.overwritten

    def start(self) -> None:
        self.get_logger().info(f"{self._patient.name}, script: {self._config.script}")
        if self._config.bits > 8:
            self.get_logger().info(f"bits_stored of whoever reads the images: {self._patient.stored_bits}")
        for thread in self._threads:
            thread.start()

    def destroy_node(self) -> None:
        self._stop.set()
        self._taken.close()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        super().destroy_node()

    def _listen(self, message: type, topic: str, callback: Callable[[Any], None]) -> None:
        events = qos.subscription_events(topic, self.get_logger().error)
        self.create_subscription(message, topic, callback, qos.OUTPUT, event_callbacks=events)

    def _on_command(self, msg: DeliveryCommand) -> None:
        if self._config.script != "none":
            self.get_logger().warning("a script moves the device: commands are ignored", once=True)
            return
        stamp = decode.seconds(msg.header.stamp)  # rclpy's Time refuses one before 1970
        age = self.get_clock().now().nanoseconds * 1e-9 - stamp if stamp else 0.0
        self._watchdog.receive(
            msg.advance_velocity, msg.retraction_velocity, msg.hold, now=time.monotonic(), age=age
        )

    def _on_controller(self, msg: ControllerState) -> None:
        self._requested_at = time.monotonic() if msg.contrast_requested else -math.inf

    # The patient's thread ---------------------------------------------------------------------------

    def _live(self) -> None:
        patient, period = self._patient, self._patient.period
        if self._config.script != "none":
            self._wait_for_subscriber()
        patient.picture(patient.moment())  # the first takes longest, before the clock runs
        start, steps, frames = time.monotonic(), 0, 0
        self._expose(1, self._at(start))
        while not self._stop.wait(max(start + (steps + 1) * period - time.monotonic(), 0.0)):
            due = max(steps + 1, int((time.monotonic() - start) / period))
            while steps < due:
                steps += 1
                drive = self._watchdog.drive(start + steps * period)
                patient.step(drive, time.monotonic() - self._requested_at < REQUEST_TIMEOUT)
                self._report(drive, self._at(start + steps * period))
            if patient.finished:
                self.get_logger().info(f"{patient.name} is played to its end")
                return
            frames_due = int(steps * period * self._config.frame_rate + 1e-6)
            if frames_due > frames:
                self._expose(frames_due - frames, self._at(start + steps * period))
                frames = frames_due

    def _at(self, moment: float) -> Time:
        """A steady time (s) by the clock of the graph; 0 where that is simulated and not heard yet."""
        clock = self.get_clock()
        taken = clock.now().nanoseconds - round(1e9 * (time.monotonic() - moment))
        return Time(nanoseconds=max(taken, 0), clock_type=clock.clock_type)

    def _wait_for_subscriber(self) -> None:
        """A script is to be seen from its first frame on."""
        while self._outputs.images.get_subscription_count() == 0 and not self._stop.wait(LOOK_PERIOD):
            pass

    def _report(self, drive: Drive, measured: Time) -> None:
        """What the robot says of itself, and what has changed at it and at the staff."""
        robot, staff = self._patient.robot, self._patient.staff
        if robot is None or staff is None:
            return
        fault = robot.fault or self._watchdog.fault
        self._outputs.robot(robot, fault, measured)
        stands = drive.cause != self._drive.cause or fault != self._fault
        injected = staff.injections != self._injections
        if stands and drive.defect:
            self.get_logger().warning(
                f"the robot stands still: {drive.cause}", throttle_duration_sec=DIAGNOSTICS_PERIOD
            )
        if injected:
            self.get_logger().info(f"contrast is injected: {contrast_in_words(staff)}")
        self._drive, self._fault, self._injections = drive, fault, staff.injections
        if stands or injected:
            self._publish_diagnostics()

    def _expose(self, due: int, taken: Time) -> None:
        """Hands the newest of so many frames that are due to the camera's thread."""
        before = self.late
        self._left_out += due - 1
        self._taken.put((taken, self._patient.moment()))
        if self.late > before:
            self.get_logger().warning(
                f"rendering is slower than {self._config.frame_rate:g} frames/s: {self.late} frames left out",
                throttle_duration_sec=LOG_PERIOD,
            )

    def _publish_diagnostics(self) -> None:
        statuses = [robot_status(self._drive, self._fault)]
        if self._patient.staff is not None:
            statuses.append(contrast_status(self._patient.staff))
        if self._patient.fault is not None:
            statuses.append(fault_status(self._patient.fault))
        self._outputs.health(statuses, self.get_clock().now())

    # The camera's thread ----------------------------------------------------------------------------

    def _show(self) -> None:
        while (taken := self._taken.take()) is not None:
            when, moment = taken
            frame = self._patient.picture(moment)
            if frame.delay and self._stop.wait(frame.delay):
                return
            self._outputs.frame(frame, when)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # no image is the one thing that everybody behind understands
            if not self.context.ok():  # shut down in the middle of a frame
                return
            self.failure = f"the simulation has broken down: {traceback.format_exc()}"
            self._stop.set()


def main(args: list[str] | None = None) -> None:
    run_node(Simulator, args, start=Simulator.start)


if __name__ == "__main__":
    main()
