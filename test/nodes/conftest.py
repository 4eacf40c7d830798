"""A real graph for the node tests: real nodes, real messages, a namespace for each test."""

import itertools
import threading
import time
from collections import defaultdict

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from tavi_msgs.msg import (
    AnnulusFrame,
    CArmGeometry,
    CatheterDeviation,
    KeypointArray,
)
from tf2_msgs.msg import TFMessage

from tavi_perception.nodes import conversions, qos
from tavi_perception.nodes.graph import Graph
from tavi_perception.nodes.perception_node import PerceptionNode
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import DEMO_SEED

TIMEOUT = 20.0
"""s to wait for anything: generous, since the machine may be busy; nothing waits longer than it must."""

STATIC = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)

RATE = 15.0
"""Of the frames (frames/s)."""

_numbers = itertools.count()


def wait_until(condition, what, timeout=TIMEOUT):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout:.0f} s for {what}"
        time.sleep(0.01)


@pytest.fixture(name="wait_until")
def patience():
    """``wait_until``, for tests that have no robot."""
    return wait_until


class Robot(Node):
    """The rest of the robot's stack: publishes images and geometry, collects what the node says."""

    def __init__(self, namespace, image_qos=qos_profile_sensor_data):
        super().__init__("robot", namespace=namespace)
        self._received = defaultdict(list)
        self._lock = threading.Lock()
        self.images = self.create_publisher(Image, "image", image_qos)
        self.geometry = self.create_publisher(CArmGeometry, "carm_geometry", qos.LATCHED)
        self.listen(KeypointArray, "keypoints")
        self.listen(AnnulusFrame, "annulus")
        self.listen(CatheterDeviation, "deviation")
        self.listen(TFMessage, "/tf", qos.TRANSFORM)
        self.listen(TFMessage, "/tf_static", STATIC)
        self.listen(DiagnosticArray, "/diagnostics")

    wait = staticmethod(wait_until)

    def listen(self, message, topic, profile=qos.OUTPUT):
        def keep(msg):
            with self._lock:
                self._received[topic].append(msg)

        return self.create_subscription(message, topic, keep, profile)

    def received(self, topic):
        with self._lock:
            return list(self._received[topic])

    def forget(self):
        with self._lock:
            self._received.clear()

    def now(self, frame_id="fluoro"):
        return Header(stamp=self.get_clock().now().to_msg(), frame_id=frame_id)

    def send(self, image, header=None):
        """Publishes a (H, W) uint8 image or a ready message; the header it went out with."""
        header = header or self.now()
        self.images.publish(image if isinstance(image, Image) else conversions.image_to_msg(image, header))
        return header

    def announce(self, geometry, frame_id="fluoro", **changed):
        """Publishes a C-arm geometry, with fields of its message changed."""
        msg = conversions.geometry_to_msg(geometry, self.now(frame_id))
        for field, value in changed.items():
            setattr(msg, field, value)
        self.geometry.publish(msg)

    def ask(self, image, header=None):
        """Publishes one frame and waits for its deviation; (keypoints, annulus, deviation) with its stamp."""
        header = self.send(image, header)
        stamp = (image.header if isinstance(image, Image) else header).stamp
        wait_until(lambda: self.answers("deviation", stamp), "an answer to the frame")
        return tuple(self.answers(topic, stamp)[0] for topic in ("keypoints", "annulus", "deviation"))

    def film(self, images, frame_id="fluoro"):
        """Answers to frames, sent at ``RATE`` at most: no heart beats as fast as the node can answer."""
        answers, due = [], time.monotonic()
        for image in images:
            time.sleep(max(0.0, due - time.monotonic()))
            due = time.monotonic() + 1.0 / RATE
            answers.append(self.ask(image, self.now(frame_id)))
        return answers

    def answers(self, topic, stamp):
        return [msg for msg in self.received(topic) if msg.header.stamp == stamp]

    def transforms(self, child, topic="/tf"):
        return [t for msg in self.received(topic) for t in msg.transforms if t.child_frame_id == child]

    def status(self, node, part=""):
        """The last diagnostic status of a node, or of a part of it; None before the first."""
        name = node.get_fully_qualified_name() + (f": {part}" if part else "")
        found = [s for msg in self.received("/diagnostics") for s in msg.status if s.name == name]
        return found[-1] if found else None

    def hear(self, node, words, level=None, part=""):
        """Waits for a diagnostic of the node that holds the words, and has the level where one is given."""
        wait_until(
            lambda: (s := self.status(node, part)) and words in s.message and level in (None, s.level),
            f"a diagnostic with {words!r}",
        )


@pytest.fixture(scope="session")
def graph():
    with Graph() as running:
        yield running


@pytest.fixture
def namespace():
    return f"/test_{next(_numbers)}"


@pytest.fixture
def make_robot(graph, namespace):
    made = []

    def make(**arguments):
        robot = Robot(namespace, **arguments)
        graph.add(robot)
        made.append(robot)
        return robot

    yield make
    graph.check()
    for robot in made:
        graph.remove(robot)


@pytest.fixture
def make_perception(graph, namespace):
    """A started perception node of the test's namespace, with its own annulus frame name."""
    made = []

    def make(remapped=(), **parameters):
        # No test is about time unless it says so: a busy machine must not make frames stale.
        parameters = {"stale_after": 30.0, "annulus_frame_id": f"annulus{namespace[1:]}", **parameters}
        node = PerceptionNode(
            namespace=namespace,
            cli_args=["--ros-args", *(word for rule in remapped for word in ("-r", rule))],
            parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()],
        )
        node.autostart()  # before it spins, as its process does
        graph.add(node)
        made.append(node)
        return node

    yield make
    for node in made:
        node.trigger_shutdown()
        graph.remove(node)


@pytest.fixture
def perception(make_perception):
    return make_perception()


@pytest.fixture
def robot(make_robot, perception):
    """A robot that has found the perception node."""
    robot = make_robot()
    wait_until(
        lambda: (
            robot.images.get_subscription_count()
            and all(s.get_publisher_count() for s in robot.subscriptions)
        ),
        "the nodes to find each other",
    )
    return robot


@pytest.fixture(scope="session")
def procedure():
    """A synthetic procedure that no model was trained on."""
    return RenderedProcedure(DEMO_SEED, duration=4.0, frame_rate=RATE)


@pytest.fixture(scope="session")
def longer(procedure):
    """Its first 20 images."""
    return [frame.image for frame in itertools.islice(procedure, 20)]


@pytest.fixture(scope="session")
def frames(longer):
    """Its first second, with contrast in the root."""
    return longer[:15]
