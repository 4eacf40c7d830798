"""The SROS 2 policy allows what the real nodes do, under the names of the launch files, and nothing else."""

import contextlib
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message

from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.writer import BagWriter
from tavi_perception.nodes.bag_player import BagPlayer
from tavi_perception.nodes.controller_node import ControllerNode
from tavi_perception.nodes.image_player import ImagePlayer
from tavi_perception.nodes.perception_node import PerceptionNode
from tavi_perception.nodes.recorder import Recorder, message_class
from tavi_perception.nodes.robot_bridge import RobotBridge
from tavi_perception.nodes.simulator_node import Simulator

POLICY = Path(__file__).resolve().parents[2] / "config" / "sros2" / "tavi.policy.xml"

INPUTS = {
    "/fluoro/image": "sensor_msgs/msg/Image",
    "/fluoro/image/compressed": "sensor_msgs/msg/CompressedImage",
    "/fluoro/carm_geometry": "tavi_msgs/msg/CArmGeometry",
}
"""What a bag may play into a graph with a robot: images, but no commands."""

IMAGE = ("image:=/fluoro/image", "carm_geometry:=/fluoro/carm_geometry")
COMMANDED = {
    "velocity": "/delivery_velocity_controller/commands",
    "trajectory": "/delivery_trajectory_controller/joint_trajectory",
}
"""As ros2_control.launch.py has it: where the bridge's commands go."""


RULED = ("topic", "service", "action")
"""What a rule is about."""


def start(kind, namespace, remapped=(), **parameters):
    """A node as its launch file starts it."""
    node = kind(
        namespace=namespace,
        cli_args=["--ros-args", *(word for rule in remapped for word in ("-r", rule))],
        parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()],
    )
    if hasattr(node, "autostart"):
        node.autostart()
    return node


def perceptions(_):
    yield start(PerceptionNode, "/tavi", IMAGE, use_sim_time=True)
    yield start(PerceptionNode, "/tavi", IMAGE, image_transport="compressed")


def controllers(_):
    yield start(ControllerNode, "/tavi", use_sim_time=True)


def simulators(_):
    yield start(Simulator, "/fluoro", script="none", size=64)


def image_players(folder):
    cv2.imwrite(str(folder / "1.png"), np.full((64, 64), 128, np.uint8))
    yield start(ImagePlayer, "/fluoro", source=str(folder))


def bridges(_):
    for output, topic in COMMANDED.items():
        remapped = ("joint_states:=/joint_states", f"joint_commands:={topic}")
        yield start(RobotBridge, "/tavi", remapped, output=output)


def bag_players(folder):
    with BagWriter(folder / "bag") as writer:
        for topic, kind in INPUTS.items():
            writer.add_topic(topic, kind)
            writer.write(topic, serialize_message(message_class(kind)()), 0)
    with BagReader(folder / "bag") as bag:
        yield BagPlayer(bag, clock=True)


def recorders(folder):
    """Of everything that the others publish."""
    with BagWriter(folder / "recorded") as writer, contextlib.ExitStack() as others:
        for make in (perceptions, controllers, simulators, image_players, bridges, bag_players):
            for node in make(folder):
                others.callback(node.destroy_node)
        recorder = Recorder(writer)
        recorder._discover()
        yield recorder


NODES = {
    "/tavi/perception": perceptions,
    "/tavi/controller": controllers,
    "/tavi/robot_bridge": bridges,
    "/fluoro/simulator": simulators,
    "/fluoro/image_player": image_players,
    "/recorder": recorders,
    "/bag_player": bag_players,
}
"""By their full names, which are those of their enclaves too: their variants, to be looked at one by one."""


def used(node, wait_until):
    """What a node does on which topic or service, by the graph, once it knows all of the node."""
    own = node.get_name(), node.get_namespace()
    ways = (
        ("publish", node.get_publisher_names_and_types_by_node, {p.topic_name for p in node.publishers}),
        (
            "subscribe",
            node.get_subscriber_names_and_types_by_node,
            {t.topic_name for t in node.subscriptions},
        ),
        ("reply", node.get_service_names_and_types_by_node, {s.service_name for s in node.services}),
        ("request", node.get_client_names_and_types_by_node, {c.service_name for c in node.clients}),
    )

    def known():
        return [(does, {name for name, _ in asked(*own)}, made) for does, asked, made in ways]

    wait_until(lambda: all(names >= made for _, names, made in known()), "the graph to know the node")
    return {(does, name) for does, names, _ in known() for name in names}


def allowed(enclave):
    """What the policy allows in an enclave; a name that begins with ~ is the node's own."""
    (profile,) = ElementTree.parse(POLICY).findall(f"enclaves/enclave[@path='{enclave}']/profiles/profile")
    full = f"{profile.get('ns').rstrip('/')}/{profile.get('node')}"
    assert full == enclave
    return {
        (does, name.text.replace("~", full))
        for rules in profile
        for does, verdict in rules.attrib.items()
        if verdict == "ALLOW"
        for name in rules
    }


def test_every_node_has_its_enclave():
    enclaves = ElementTree.parse(POLICY).findall("enclaves/enclave")
    assert [enclave.get("path") for enclave in enclaves] == list(NODES)


@pytest.mark.parametrize("enclave", NODES)
def test_a_node_is_allowed_what_it_does_and_nothing_else(graph, wait_until, tmp_path, enclave):
    seen = set()
    for node in NODES[enclave](tmp_path):
        assert node.get_fully_qualified_name() == enclave
        seen |= used(node, wait_until)
        node.destroy_node()
    # A recorder of everything also finds what nodes of other tests have left in the graph.
    assert {(does, name) for does, name in seen if not name.startswith("/test_")} == allowed(enclave)


def test_no_rule_has_a_wildcard():
    names = [element.text for element in ElementTree.parse(POLICY).iter() if element.tag in RULED]
    assert names
    assert not [name for name in names if set(name) & set("*?[]")]
