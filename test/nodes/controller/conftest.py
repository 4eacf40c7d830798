"""The controller node in the graph, and what stands around it."""

import numpy as np
import pytest
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger
from tavi_msgs.msg import CatheterDeviation as CatheterDeviationMsg
from tavi_msgs.msg import ControllerState, DeliveryCommand, DeliveryState

from tavi_perception.estimates import AnnulusSource, CatheterDeviation, DepthReference, Reason, Stage
from tavi_perception.nodes import conversions, qos
from tavi_perception.nodes.controller_node import ControllerNode

TOPICS = ("delivery/command", "delivery/state", "controller/state", "clock")


@pytest.fixture
def arguments(namespace):
    """Of a controller in the namespace of the test, its absolute topics too."""
    moved = [word for topic in TOPICS for word in ("-r", f"/{topic}:={namespace}/{topic}")]
    return ["--ros-args", "-r", f"__ns:={namespace}", *moved]


@pytest.fixture
def make_controller(graph, arguments):
    made = []

    def make(**parameters):
        node = ControllerNode(
            cli_args=arguments,
            parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()],
        )
        graph.add(node)
        made.append(node)
        node.autostart()
        return node

    yield make
    for node in made:
        node.trigger_shutdown()
        graph.remove(node)


class Theatre:
    """Sends deviations and the robot's state, and hears what the controller makes of them."""

    no_annulus = CatheterDeviation(reasons=Reason.NO_ANNULUS)

    def __init__(self, robot):
        self.robot, self.wait, self.forget = robot, robot.wait, robot.forget
        robot.listen(DeliveryCommand, "delivery/command")
        robot.listen(ControllerState, "controller/state")
        self._deviations = robot.create_publisher(CatheterDeviationMsg, "deviation", qos.OUTPUT)
        self._states = robot.create_publisher(DeliveryState, "delivery/state", qos.OUTPUT)

    @property
    def commands(self):
        return self.robot.received("delivery/command")

    @property
    def states(self):
        return self.robot.received("controller/state")

    def find(self):
        """Waits until everybody hears everybody."""
        outputs = [s for s in self.robot.subscriptions if s.topic_name.endswith(TOPICS)]
        self.wait(
            lambda: (
                self._deviations.get_subscription_count()
                and self._states.get_subscription_count()
                and all(s.get_publisher_count() for s in outputs)
            ),
            "the controller",
        )

    def report(self, advance=0.0):
        self._states.publish(DeliveryState(header=self.robot.now(""), advance=advance))

    def say(self, deviation, header=None):
        """Publishes a deviation, or a message of one; its header."""
        header = header or self.robot.now()
        msg = deviation
        if isinstance(deviation, CatheterDeviation):
            msg = conversions.deviation_to_msg(deviation, header, latency=0.05)
        self._deviations.publish(msg)
        return header

    def ask(self, deviation, header=None):
        """(command, state) that answer a deviation."""
        header = self.say(deviation, header)
        return tuple(
            self.wait_for(topic, lambda msg: msg.header == header)
            for topic in ("delivery/command", "controller/state")
        )

    def wait_for(self, topic, condition):
        self.wait(lambda: any(map(condition, self.robot.received(topic))), f"a message on {topic}")
        return next(filter(condition, self.robot.received(topic)))

    def call(self, node, service):
        client = self.robot.create_client(Trigger, f"{node.get_fully_qualified_name()}/{service}")
        self.wait(client.service_is_ready, f"the service {service}")
        future = client.call_async(Trigger.Request())
        self.wait(future.done, f"the answer of {service}")
        return future.result()

    @staticmethod
    def sheathed(depth, **changed):
        """A valid deviation of a sheathed valve at a depth (m)."""
        values = {
            "valid": True,
            "stage": Stage.POSITIONING,
            "reference": DepthReference.CAPSULE,
            "depth": depth,
            "depth_sigma": 0.0003,
            "depth_error": depth - 0.003,
            "lateral": 0.001,
            "lateral_sigma": 0.0005,
            "angle": 0.05,
            "angle_sigma": 0.01,
            "extraction": 0.0,
            "landmarks": np.zeros((11, 3)),
            "annulus_source": AnnulusSource.PIGTAIL,
        }
        return CatheterDeviation(**values | changed)


@pytest.fixture
def theatre(make_robot):
    return Theatre(make_robot())
