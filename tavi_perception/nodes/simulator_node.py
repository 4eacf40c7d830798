"""The simulator node: fluoroscopy of a synthetic patient, its truth, and the delivery robot in it."""

from __future__ import annotations

import math
import threading
import time
import traceback

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.time import Time
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from tavi_msgs.msg import DeliveryCommand, DeliveryState

from tavi_perception.nodes import qos
from tavi_perception.nodes.declaration import declare, read, warn_of_undeclared
from tavi_perception.nodes.playback import FramePublisher, TruthPublisher
from tavi_perception.nodes.process import run_node
from tavi_perception.nodes.simulated_patient import PATIENTS, PatientFrame, RobotReport
from tavi_perception.nodes.simulator_settings import SimulatorConfig
from tavi_perception.simulation.watchdog import Watchdog

COMMAND = "/delivery/command"

LOOK_PERIOD = 0.1
"""s between two looks for a subscriber, before a script begins."""

LOG_PERIOD = 5.0
"""s between two log lines about the same failure."""


class Simulator(Node):
    """Renders in a thread of its own, so that commands, parameters and services never wait for a frame.

    Time in the patient follows a steady clock in whole frame periods: where rendering cannot keep up, frames
    are left out and counted in ``late``, and neither the heart nor the robot slows down. ``failure`` says why
    it has ended by itself; empty: it has not.
    """

    def __init__(self, **node_arguments: object) -> None:
        super().__init__("simulator", **node_arguments)
        declare(self, SimulatorConfig)
        self._config = read(self, SimulatorConfig)
        warn_of_undeclared(self)
        self.late = 0
        self.failure = ""
        """What broke the simulation down; the process ends with it."""
        self._patient = PATIENTS[self._config.script](self._config)
        self._watchdog = Watchdog(self._config.command_timeout, self._config.velocity_limit)
        self._outputs = _Outputs(self, self._config)
        self.create_subscription(
            DeliveryCommand,
            COMMAND,
            self._on_command,
            qos.OUTPUT,
            event_callbacks=qos.subscription_events(COMMAND, self.get_logger().error),
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="patient", daemon=True)

    def start(self) -> None:
        self.get_logger().info(f"{self._patient.name}, script: {self._config.script}")
        if self._config.bits > 8:
            self.get_logger().info(f"bits_stored of whoever reads the images: {self._patient.stored_bits}")
        self._thread.start()

    def destroy_node(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        super().destroy_node()

    def _on_command(self, msg: DeliveryCommand) -> None:
        if self._config.script != "none":
            self.get_logger().warning("a script moves the device: commands are ignored", once=True)
            return
        stamp = Time.from_msg(msg.header.stamp)
        age = (self.get_clock().now() - stamp).nanoseconds * 1e-9 if stamp.nanoseconds else 0.0
        defect = self._watchdog.receive(
            msg.advance_velocity, msg.retraction_velocity, msg.hold, now=time.monotonic(), age=age
        )
        if defect:
            self.get_logger().error(f"{COMMAND}: {defect}", throttle_duration_sec=LOG_PERIOD)

    def _work(self) -> None:
        try:
            if self._config.script != "none":
                self._wait_for_subscriber()
            self._run()
        except Exception:  # no image is the one thing that everybody behind understands
            if not self.context.ok():  # shut down in the middle of a frame
                return
            self.failure = f"the simulation has broken down: {traceback.format_exc()}"

    def _wait_for_subscriber(self) -> None:
        """A script is to be seen from its first frame on."""
        while self._outputs.images.get_subscription_count() == 0 and not self._stop.wait(LOOK_PERIOD):
            pass

    def _run(self) -> None:
        period = 1.0 / self._config.frame_rate
        self._patient.look()  # the first frame takes longest, before the clock runs
        start, number = time.monotonic(), 0
        injected = -math.inf
        while not self._stop.is_set():
            if (
                self._config.injection_period
                and (number * period - injected) >= self._config.injection_period
            ):
                injected = number * period
                self._patient.inject()
            self._outputs.publish(self._patient.look(), self._watchdog.fault)
            steps = 1 + self._missed(start + (number + 1) * period, period)
            number += steps
            if self._stop.wait(max(start + number * period - time.monotonic(), 0.0)):
                return
            self._patient.step(steps * period, self._watchdog.drive(time.monotonic()))
            if self._patient.finished:
                self.get_logger().info(f"{self._patient.name} is played to its end")
                return

    def _missed(self, due: float, period: float) -> int:
        """How many frames cannot be shown any more, the next of them due at a steady time (s)."""
        missed = max(0, int((time.monotonic() - due) / period))
        if missed:
            self.late += missed
            self.get_logger().warning(
                f"rendering is slower than {self._config.frame_rate:g} frames/s: {self.late} frames left out",
                throttle_duration_sec=LOG_PERIOD,
            )
        return missed


class _Outputs:
    """The publishers: everything of one frame goes out with one stamp."""

    def __init__(self, node: Node, config: SimulatorConfig) -> None:
        self._frames = FramePublisher(node, config.frame_id, config.image_reliability)
        self._truth = TruthPublisher(node)
        self._state = node.create_publisher(DeliveryState, "/delivery/state", qos.OUTPUT)
        self._joints = node.create_publisher(JointState, "/delivery/joint_states", qos.OUTPUT)

    @property
    def images(self) -> Publisher:
        return self._frames.images

    def publish(self, frame: PatientFrame, fault: bool) -> None:
        header = self._frames.publish(frame.image, frame.geometry)
        self._truth.publish(frame.truth, header)
        if frame.robot is not None:
            # The robot's lengths lie in no coordinate frame.
            own = Header(stamp=header.stamp)
            self._state.publish(_delivery_state(frame.robot, fault, own))
            self._joints.publish(_joint_state(frame.robot, own))


def _delivery_state(robot: RobotReport, fault: bool, header: Header) -> DeliveryState:
    return DeliveryState(
        header=header,
        advance=robot.advance,
        retraction=robot.retraction,
        moving=robot.moving,
        fault=robot.fault or fault,
    )


def _joint_state(robot: RobotReport, header: Header) -> JointState:
    """The same drives as prismatic joints, for ros2_control, MoveIt and RViz: m and m/s."""
    return JointState(
        header=header,
        name=["catheter_advance", "capsule_retraction"],
        position=[robot.advance, robot.retraction],
        velocity=[robot.advance_velocity, robot.retraction_velocity],
    )


def main(args: list[str] | None = None) -> None:
    run_node(Simulator, args, start=Simulator.start)


if __name__ == "__main__":
    main()
