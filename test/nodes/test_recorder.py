"""The recorder hears every publisher of a topic, whatever each offers, and writes every message once."""

import itertools
import threading
import time

import pytest
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String, UInt32

from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.writer import BagWriter
from tavi_perception.nodes.recorder import Recorder

RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
VOLATILE, LATCHED = DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL
PROFILES = [
    QoSProfile(depth=50, reliability=reliability, durability=durability)
    for reliability, durability in itertools.product((RELIABLE, BEST_EFFORT), (VOLATILE, LATCHED))
]
COUNT = 20


@pytest.fixture
def recording(graph, tmp_path, namespace):
    """A recorder of ``numbers`` in the test's namespace, and what ends it and gives all it has."""
    topic = f"{namespace}/numbers"
    writer = BagWriter(tmp_path / "bag")
    recorder = Recorder(writer, [topic])
    graph.add(recorder)
    ended = []

    def end():
        if not ended:
            graph.remove(recorder)
            writer.close()
            ended.append(True)
        with BagReader(tmp_path / "bag") as bag:
            return [message.value.data for message in bag.messages([topic])]

    yield recorder, end
    if not ended:
        graph.remove(recorder)
        writer.close()


def say(robot, publishers, recorder, start=0):
    """Sends numbers by turns, once all publishers are heard."""
    robot.wait(lambda: all(p.get_subscription_count() for p in publishers), "the recorder to subscribe")
    time.sleep(1.0)
    for number in range(start, start + COUNT):
        publishers[number % len(publishers)].publish(UInt32(data=number))
        time.sleep(0.01)
    topic = publishers[0].topic_name
    robot.wait(lambda: recorder.counts[topic] >= start + COUNT, "every message")


def test_a_publisher_that_comes_back_with_another_quality_is_recorded_too(recording, make_robot):
    recorder, end = recording
    robot = make_robot()
    for round_, profile in enumerate(PROFILES):
        publisher = robot.create_publisher(UInt32, "numbers", profile)
        say(robot, [publisher], recorder, COUNT * round_)
        robot.destroy_publisher(publisher)
    assert sorted(end()) == list(range(COUNT * len(PROFILES)))


def test_publishers_of_every_quality_at_once_are_recorded_without_a_message_twice(recording, make_robot):
    recorder, end = recording
    robot = make_robot()
    say(robot, [robot.create_publisher(UInt32, "numbers", profile) for profile in PROFILES], recorder)
    assert sorted(end()) == list(range(COUNT))


def test_a_message_is_recorded_with_the_time_of_its_arrival_however_late_its_turn_comes(
    recording, make_robot, tmp_path
):
    recorder, end = recording
    robot = make_robot()
    publisher = robot.create_publisher(UInt32, "numbers", 10)
    say(robot, [publisher], recorder)
    busy, go_on = threading.Event(), threading.Event()

    def keep_busy():
        busy.set()
        go_on.wait(30)

    timer = robot.create_timer(0.01, keep_busy)
    assert busy.wait(30)
    publisher.publish(UInt32(data=COUNT))
    time.sleep(1.0)
    timer.cancel()
    turn = time.time_ns()
    go_on.set()
    robot.wait(lambda: recorder.counts[publisher.topic_name] > COUNT, "the last message")
    end()
    with BagReader(tmp_path / "bag") as bag:
        assert bag.end_ns < turn


def test_a_type_that_changes_under_a_name_is_said(recording, make_robot, namespace):
    recorder, _ = recording
    robot = make_robot()
    say(robot, [robot.create_publisher(UInt32, "numbers", 10)], recorder)
    elsewhere = rclpy.Context()
    rclpy.init(context=elsewhere)
    other = rclpy.create_node("other", namespace=namespace, context=elsewhere)
    other.create_publisher(String, "numbers", 10)
    robot.wait(lambda: recorder.unknown, "the recorder to notice")
    other.destroy_node()
    elsewhere.try_shutdown()
    assert "std_msgs/msg/String" in recorder.unknown[f"{namespace}/numbers"]
