"""The bag player: nobody who is about to listen misses the first message."""

import threading
import time

import pytest
from rclpy.qos import QoSProfile
from rclpy.serialization import serialize_message
from std_msgs.msg import UInt32

from tavi_perception.bags import BagReader, BagWriter
from tavi_perception.nodes import bag_player
from tavi_perception.nodes.bag_player import BagPlayer

COUNT = 5


@pytest.fixture
def bag(tmp_path, namespace):
    """Of five numbers, 10 ms apart, on ``numbers`` in the test's namespace."""
    topic = f"{namespace}/numbers"
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic(topic, "std_msgs/msg/UInt32")
        for number in range(COUNT):
            writer.write(topic, serialize_message(UInt32(data=number)), number * 10_000_000)
    with BagReader(tmp_path / "bag") as reader:
        yield reader


@pytest.fixture
def play(graph, bag):
    """Starts playing in a thread; the thread, and a list for the number of messages published."""
    player = BagPlayer(bag)
    graph.add(player)
    stop, counts = threading.Event(), []
    thread = threading.Thread(target=lambda: counts.append(player.play(stop)))

    def start():
        thread.start()
        return thread, counts

    yield start
    stop.set()
    thread.join()
    graph.remove(player)


def test_a_subscriber_that_comes_late_gets_the_first_message(play, make_robot):
    play()
    time.sleep(2.0)
    robot = make_robot()
    robot.listen(UInt32, "numbers", QoSProfile(depth=10))
    robot.wait(lambda: len(robot.received("numbers")) == COUNT, "every message")
    assert [msg.data for msg in robot.received("numbers")] == list(range(COUNT))


def test_a_bag_is_played_after_a_while_when_nobody_listens(play, monkeypatch):
    monkeypatch.setattr(bag_player, "PATIENCE", 0.5)
    thread, counts = play()
    thread.join(5.0)
    assert counts == [COUNT]
