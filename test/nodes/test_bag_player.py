"""The bag player: nobody who is about to listen misses the first message."""

import threading
import time

import pytest
from rclpy.qos import QoSProfile
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from std_msgs.msg import UInt32

from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError
from tavi_perception.bags.writer import BagWriter
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


def bag_of(path, *topics):
    """A bag of topics, each a type with its definition, a message's bytes, and the times (s) it came at."""
    store = get_typestore(Stores.ROS2_JAZZY)
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        for name, type_name, definition, cdr, times in topics:
            if definition:
                store = get_typestore(Stores.EMPTY)
                store.register(get_types_from_msg(definition, type_name))
            connection = writer.add_connection(name, type_name, typestore=store)
            for t in times:
                writer.write(connection, int(t * 1e9), cdr)
    return path


NUMBER = serialize_message(UInt32(data=1))


def test_known_topics_are_played_and_those_of_unknown_types_are_named(graph, tmp_path, namespace):
    force = (f"{namespace}/force", "my_robot_msgs/msg/Force", "float64 force\n", NUMBER, [0.0, 0.1])
    numbers = (f"{namespace}/numbers", "std_msgs/msg/UInt32", "", NUMBER, [0.0, 0.1, 0.2])
    with BagReader(bag_of(tmp_path / "bag", numbers, force)) as bag:
        player = BagPlayer(bag)
        assert list(player.unknown) == [f"{namespace}/force"]
        assert "my_robot_msgs/msg/Force" in player.unknown[f"{namespace}/force"]
        assert player.play(threading.Event()) == 3
        player.destroy_node()


def test_a_type_that_is_defined_otherwise_in_the_bag_is_not_played(graph, tmp_path, namespace):
    odd = (f"{namespace}/odd", "std_msgs/msg/UInt32", "float64 data\n", NUMBER, [0.0])
    with (
        BagReader(bag_of(tmp_path / "bag", odd)) as bag,
        pytest.raises(BagError, match="not the installed one"),
    ):
        BagPlayer(bag)


def test_a_pause_of_an_hour_is_shortened(graph, tmp_path, namespace, monkeypatch):
    monkeypatch.setattr(bag_player, "PATIENCE", 0.1)
    numbers = (f"{namespace}/numbers", "std_msgs/msg/UInt32", "", NUMBER, [0.0, 0.1, 3600.0, 1e9])
    with BagReader(bag_of(tmp_path / "bag", numbers)) as bag:
        player = BagPlayer(bag, rate=10.0)
        assert player.play(threading.Event()) == 4
        player.destroy_node()


def test_a_bag_is_played_after_a_while_when_nobody_listens(play, monkeypatch):
    monkeypatch.setattr(bag_player, "PATIENCE", 0.5)
    thread, counts = play()
    thread.join(5.0)
    assert counts == [COUNT]
