"""The recorder node: every message of a graph, or of named topics, into a rosbag2 bag."""

from __future__ import annotations

import functools
import importlib
from collections import Counter
from collections.abc import Collection
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from tavi_perception.bags import BagError, BagWriter, TopicQos

DISCOVERY_PERIOD = 0.1
"""s between two looks for new topics."""

DEPTH = 200
"""Messages of a topic that may wait for the recorder."""


class Recorder(Node):
    """Subscribes to topics as they appear, with what their publishers offer, and writes them unread.

    Attributes:
        counts: messages received by topic.
        unknown: topics that cannot be recorded, and why.
    """

    def __init__(self, bag: BagWriter, topics: Collection[str] = ()) -> None:
        """``topics``: names to record; empty for all."""
        super().__init__("recorder")
        self._bag = bag
        self._wanted = frozenset(topics)
        self._subscriptions_by_topic: dict[str, Subscription] = {}
        self.counts: Counter[str] = Counter()
        self.unknown: dict[str, str] = {}
        self.create_timer(DISCOVERY_PERIOD, self._discover, clock=Clock(clock_type=ClockType.STEADY_TIME))

    @property
    def connected(self) -> frozenset[str]:
        """Topics whose publisher and this recorder have found each other."""
        subscriptions = list(self._subscriptions_by_topic.items())  # grows in the executor's thread
        return frozenset(topic for topic, sub in subscriptions if sub.get_publisher_count() > 0)

    def _discover(self) -> None:
        for topic, types in self.get_topic_names_and_types():
            wanted = topic in self._wanted if self._wanted else True
            if wanted and topic not in self._subscriptions_by_topic and topic not in self.unknown:
                self._subscribe(topic, types[0])

    def _subscribe(self, topic: str, type_name: str) -> None:
        offered = [info.qos_profile for info in self.get_publishers_info_by_topic(topic)]
        if not offered:
            return
        reliable = all(p.reliability == ReliabilityPolicy.RELIABLE for p in offered)
        latched = all(p.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in offered)
        try:
            # Discovery does not tell the depth: it comes as 0.
            depth = max(p.depth for p in offered) or (1 if latched else TopicQos().depth)
            self._bag.add_topic(topic, type_name, TopicQos(depth, reliable, latched))
            message = message_class(type_name)
        except (BagError, ImportError, AttributeError) as error:
            self.unknown[topic] = str(error)
            self.get_logger().warning(f"{topic} is not recorded: {error}")
            return
        self._subscriptions_by_topic[topic] = self.create_subscription(
            message,
            topic,
            functools.partial(self._write, topic),
            QoSProfile(
                depth=DEPTH,
                reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
                durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
            ),
            raw=True,
        )

    def _write(self, topic: str, cdr: bytes) -> None:
        self._bag.write(topic, cdr, self.get_clock().now().nanoseconds)
        self.counts[topic] += 1


def message_class(type_name: str) -> Any:
    """The Python class of a message type given as ``sensor_msgs/msg/Image``.

    Raises:
        ImportError, AttributeError: its package is not installed, or has no such message.
    """
    package, kind, name = type_name.split("/")
    return getattr(importlib.import_module(f"{package}.{kind}"), name)
