"""The bridge to a robot under ros2_control: delivery commands to its two joints, their states back."""

from __future__ import annotations

import math
import time

from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, Header
from tavi_msgs.msg import DeliveryCommand, DeliveryState
from trajectory_msgs.msg import JointTrajectory

from tavi_perception.bags import decode
from tavi_perception.control.decision import RobotReading
from tavi_perception.nodes import joints, qos
from tavi_perception.nodes.conversions import reading_to_msg
from tavi_perception.nodes.declaration import declare, read, warn_of_undeclared
from tavi_perception.nodes.process import run_node
from tavi_perception.nodes.robot_bridge_settings import RobotBridgeConfig
from tavi_perception.simulation.watchdog import Drive, Watchdog

COMMAND, STATE = "/delivery/command", "/delivery/state"

MESSAGES = {"velocity": Float64MultiArray, "trajectory": JointTrajectory, "joint_state": JointState}
"""By the parameter ``output``."""

MOVING = 1e-5
"""Velocity (m/s) from which on a joint moves."""

FAREWELL = Duration(seconds=0.2)
"""How long the node waits at its end for the joints' controller to have received its last command."""

LOG_PERIOD = 5.0
"""s between two log lines about the same defect."""


class RobotBridge(Node):
    """Tells the joints at every command, and ``rate`` times a second, what the robot's watchdog lets through.

    They move only while commands come and the joints report where they are.
    """

    def __init__(self, **node_arguments: object) -> None:
        super().__init__("robot_bridge", **node_arguments)
        declare(self, RobotBridgeConfig)
        self._config = config = read(self, RobotBridgeConfig)
        warn_of_undeclared(self)
        self._names = config.advance_joint, config.retraction_joint
        self._watchdog = Watchdog(config.command_timeout, config.velocity_limit)
        self._joints: joints.Joints | None = None
        self._reported = -math.inf
        self._standing: joints.Pair | None = None
        self._cause: str | None = None
        self._commands = self.create_publisher(MESSAGES[config.output], "joint_commands", qos.OUTPUT)
        self._states = self.create_publisher(DeliveryState, STATE, qos.OUTPUT)
        self._listen(DeliveryCommand, COMMAND, self._on_command, qos.OUTPUT)
        self._joint_topic = self.resolve_topic_name("joint_states")
        self._listen(JointState, self._joint_topic, self._on_joints, qos.SENSOR_DATA)
        # Steady: neither simulated time that stands still nor a set wall clock may stop the watchdog.
        self.create_timer(
            1.0 / config.rate, self._command_joints, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def destroy_node(self) -> None:
        if self.context.ok():
            self._publish(Drive(cause="the bridge ends"))
            self._commands.wait_for_all_acked(FAREWELL)
        super().destroy_node()

    def _listen(self, message: type, topic: str, callback: object, profile: object) -> None:
        events = qos.subscription_events(topic, self.get_logger().error)
        self.create_subscription(message, topic, callback, profile, event_callbacks=events)

    def _on_command(self, msg: DeliveryCommand) -> None:
        stamp = decode.seconds(msg.header.stamp)
        age = self.get_clock().now().nanoseconds * 1e-9 - stamp if stamp else 0.0
        defect = self._watchdog.receive(
            msg.advance_velocity, msg.retraction_velocity, msg.hold, now=time.monotonic(), age=age
        )
        if defect:
            self.get_logger().error(f"{COMMAND}: {defect}", throttle_duration_sec=LOG_PERIOD)
        self._command_joints()

    def _on_joints(self, msg: JointState) -> None:
        try:
            now = joints.joints(msg, self._names)
        except ValueError as error:
            self.get_logger().error(f"{self._joint_topic}: {error}", throttle_duration_sec=LOG_PERIOD)
            return
        if now is None:
            return
        self._joints, self._reported = now, time.monotonic()
        reading = RobotReading(
            decode.seconds(msg.header.stamp),
            *now.positions,
            moving=any(abs(velocity) >= MOVING for velocity in now.velocities)
            or (any(map(math.isnan, now.velocities)) and not self._drive().hold),
            fault=self._watchdog.fault,
        )
        self._states.publish(reading_to_msg(reading, Header(stamp=msg.header.stamp)))

    def _command_joints(self) -> None:
        self._publish(self._drive())

    def _drive(self) -> Drive:
        now = time.monotonic()
        if now - self._reported > self._config.command_timeout:
            return Drive(
                cause=f"no state of both joints on {self._joint_topic} for {self._config.command_timeout:g} s"
            )
        return self._watchdog.drive(now)

    def _publish(self, drive: Drive) -> None:
        if drive.cause != self._cause:
            self._cause = drive.cause
            self.get_logger().info(f"the joints stand still: {drive.cause}" if drive.hold else "they move")
        message = self._message(drive)
        if message is not None:
            self._commands.publish(message)

    def _message(self, drive: Drive) -> joints.Command | None:
        """None where it needs positions and there are none yet."""
        velocities = drive.advance, drive.retraction
        if self._config.output == "velocity":
            return joints.velocity_array(velocities)
        if self._config.output == "joint_state":
            return joints.joint_state_command(self._names, velocities, self.get_clock().now().to_msg())
        if self._joints is None:
            return None
        if not drive.hold:
            self._standing = None
            horizon = self._config.command_timeout
            return joints.moving_trajectory(self._names, self._joints.positions, velocities, horizon)
        # The place where they have come to stand, or they would drift with what is measured.
        self._standing = self._standing or joints.stopping_positions(self._joints)
        return joints.standing_trajectory(self._names, self._standing)


def main(args: list[str] | None = None) -> None:
    run_node(RobotBridge, args)


if __name__ == "__main__":
    main()
