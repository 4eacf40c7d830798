"""The bag player node: publishes the messages of a bag as they were recorded."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection

from rclpy.duration import Duration
from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.time import Time
from rosbags.typesys import Stores, TypesysError, get_typestore
from rosgraph_msgs.msg import Clock

from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError, Topic, TopicQos
from tavi_perception.bags.types import ensure_type
from tavi_perception.imaging.pace import pause_between
from tavi_perception.nodes.recorder import MessageTypeError, message_class

PATIENCE = 5.0
"""s that the first message waits for subscribers at most."""

SETTLE = 1.0
"""s without a new subscriber after which those there are count as all: discovery is not simultaneous."""

LOOK_PERIOD = 0.05
"""s between two looks for subscribers."""

ACKNOWLEDGED_WITHIN = 5
"""s that subscribers may take to confirm the last messages."""

CLOCK_DEPTH = 10


class BagPlayer(Node):
    """Replays topics of a bag with their quality of service; stamps inside the messages stay as recorded.

    With ``clock`` the recorded time is published on /clock, for nodes that run with ``use_sim_time``.

    Attributes:
        unknown: topics that cannot be played, and why.

    Raises:
        BagError: that holds for every topic.
    """

    def __init__(
        self, bag: BagReader, topics: Collection[str] = (), *, rate: float = 1.0, clock: bool = False
    ):
        super().__init__("bag_player")
        self._bag = bag
        self._rate = rate
        self.unknown: dict[str, str] = {}
        self._publishers_by_topic: dict[str, Publisher] = {}
        for topic in bag.topics:
            if not topics or topic.name in topics:
                self._prepare(topic)
        if not self._publishers_by_topic:
            raise BagError(f"bag {bag.path}: nothing can be played: {'; '.join(self.unknown.values())}")
        self._clock_publisher = self.create_publisher(Clock, "/clock", CLOCK_DEPTH) if clock else None

    def play(self, stop: threading.Event) -> int:
        """Publishes until the end or until ``stop`` is set; the number of messages published."""
        self._publish_clock(self._bag.start_ns)
        self._wait_for_subscribers(stop)
        due, before, count = time.monotonic(), 0.0, 0
        for message in self._bag.raw(self._publishers_by_topic):
            recorded = (message.time_ns - self._bag.start_ns) / 1e9
            pause, sentence = pause_between(before, recorded)
            if sentence:
                self.get_logger().warning(sentence)
            due, before = due + pause / self._rate, recorded
            if stop.wait(max(due - time.monotonic(), 0.0)):
                break
            self._publish_clock(message.time_ns)
            self._publishers_by_topic[message.topic].publish(message.cdr)
            count += 1
        for publisher in self._publishers_by_topic.values():
            publisher.wait_for_all_acked(Duration(seconds=ACKNOWLEDGED_WITHIN))
        return count

    def _prepare(self, topic: Topic) -> None:
        """A publisher for the topic, or why there is none."""
        try:
            message = message_class(topic.type_name)
            if not _as_installed(self._bag, topic.type_name):
                raise MessageTypeError(
                    f"the bag's definition of {topic.type_name} is not the installed one: "
                    "source the workspace that it was recorded in"
                )
            self._publishers_by_topic[topic.name] = self.create_publisher(
                message, topic.name, _profile(topic.qos)
            )
        except (MessageTypeError, InvalidTopicNameException, ValueError) as error:
            self.unknown[topic.name] = str(error).splitlines()[0]

    def _wait_for_subscribers(self, stop: threading.Event) -> None:
        """Until everybody that the graph knows of is connected and nobody new has come for ``SETTLE`` s.

        Returns after ``PATIENCE`` s at the latest: a bag may be played for those who come later.
        """
        own = [*self._publishers_by_topic.values(), *filter(None, [self._clock_publisher])]
        now = changed = time.monotonic()
        end, before = now + PATIENCE, [0] * len(own)
        while now < end and not stop.wait(LOOK_PERIOD):
            now = time.monotonic()
            connected = [publisher.get_subscription_count() for publisher in own]
            if connected != before:
                before, changed = connected, now
            known = [self.count_subscribers(publisher.topic_name) for publisher in own]
            if any(connected) and connected == known and now - changed >= SETTLE:
                return

    def _publish_clock(self, time_ns: int) -> None:
        if self._clock_publisher is not None:
            self._clock_publisher.publish(Clock(clock=Time(nanoseconds=time_ns).to_msg()))


def _as_installed(bag: BagReader, type_name: str) -> bool:
    """Whether a type means the same in the bag and to ROS here, as far as both tell."""
    installed = get_typestore(Stores.EMPTY)
    try:
        ensure_type(installed, type_name)
        return installed.hash_rihs01(type_name) == bag.type_hash(type_name)
    except (BagError, TypesysError, KeyError):
        return True


def _profile(offered: TopicQos) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST if offered.depth else HistoryPolicy.KEEP_ALL,
        depth=offered.depth,
        reliability=ReliabilityPolicy.RELIABLE if offered.reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if offered.transient_local else DurabilityPolicy.VOLATILE,
    )
