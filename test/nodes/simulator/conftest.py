"""The simulator in the graph, and an operator who watches it and commands its robot."""

import time

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Header
from tavi_msgs.msg import (
    AnnulusFrame,
    CArmGeometry,
    CatheterDeviation,
    DeliveryCommand,
    DeliveryState,
    KeypointArray,
)

from tavi_perception.nodes import qos
from tavi_perception.nodes.simulator_node import Simulator

ABSOLUTE = (
    *(f"/truth/{name}" for name in ("keypoints", "annulus", "deviation")),
    *(f"/delivery/{name}" for name in ("state", "joint_states", "command")),
    *("/controller/state", "/diagnostics"),
)
"""Topics of the simulator that lie outside of its namespace."""


@pytest.fixture
def make_simulator(graph, namespace):
    """A simulator of small images, moved by commands, whose topics are all in the test's namespace."""
    made = []

    def make(**parameters):
        default = {"script": "none", "size": 128, "frame_rate": 20.0, "image_reliability": "reliable"}
        parameters = default | parameters
        remapped = [word for topic in ABSOLUTE for word in ("-r", f"{topic}:={namespace}{topic}")]
        simulator = Simulator(
            namespace=namespace,
            cli_args=["--ros-args", *remapped],
            parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()],
        )
        graph.add(simulator)
        made.append(simulator)
        return simulator

    yield make
    for simulator in made:
        graph.remove(simulator)


class Operator:
    """Watches all that the simulator says, and commands the robot."""

    def __init__(self, robot):
        self.robot = robot
        self.wait, self.received = robot.wait, robot.received
        robot.listen(Image, "image", qos.image_qos("reliable"))
        robot.listen(CArmGeometry, "carm_geometry", qos.LATCHED)
        robot.listen(KeypointArray, "truth/keypoints")
        robot.listen(AnnulusFrame, "truth/annulus")
        robot.listen(CatheterDeviation, "truth/deviation")
        robot.listen(DeliveryState, "delivery/state")
        robot.listen(JointState, "delivery/joint_states")
        robot.listen(DiagnosticArray, "diagnostics")
        self._commands = robot.create_publisher(DeliveryCommand, "delivery/command", qos.OUTPUT)

    def find(self, simulator):
        """Starts the simulator once everybody knows everybody."""
        self.wait(
            lambda: self._commands.get_subscription_count() and simulator.count_subscribers("image"),
            "the simulator",
        )
        simulator.start()
        first = ("image", "truth/deviation", "delivery/state")
        self.wait(lambda: all(self.received(topic) for topic in first), "the first frame")

    @property
    def states(self):
        return self.received("delivery/state")

    def command(self, advance=0.0, retraction=0.0, *, hold=False, stamped=True):
        header = self.robot.now() if stamped else Header()
        self._commands.publish(
            DeliveryCommand(
                header=header, advance_velocity=advance, retraction_velocity=retraction, hold=hold
            )
        )

    def command_for(self, seconds, advance=0.0, retraction=0.0):
        """The same command again and again, as a controller does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.command(advance, retraction)
            time.sleep(0.05)

    def wait_frames(self, count):
        truth = "truth/deviation"
        seen = len(self.received(truth))
        self.wait(lambda: len(self.received(truth)) >= seen + count, f"{count} more frames")


@pytest.fixture
def operator(make_robot):
    return Operator(make_robot())
