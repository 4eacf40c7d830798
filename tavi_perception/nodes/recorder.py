"""The recorder node: every message of a graph, or of named topics, into a rosbag2 bag."""

from __future__ import annotations

import importlib
from collections import Counter, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rclpy.clock import Clock, ClockType, ROSClock
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo

from tavi_perception.bags.topics import BagError, TopicQos
from tavi_perception.bags.writer import BagWriter

DISCOVERY_PERIOD = 0.1
"""s between two looks for new topics."""

DEPTH = 200
"""Messages of a topic that may wait for the recorder."""

REMEMBERED = 2 * DEPTH
"""Messages of a topic that are told from those that another subscription hears too."""

Sent = tuple[int, int]
"""What one message differs by from all others: when it was sent (ns), and its number."""


class MessageTypeError(Exception):
    """A message type cannot be used here; the message says why and what to do."""


class Profile(NamedTuple):
    """What a publisher offers, as far as it decides who hears it."""

    reliability: ReliabilityPolicy
    durability: DurabilityPolicy

    @classmethod
    def of(cls, offered: QoSProfile) -> Profile:
        reliable = offered.reliability == ReliabilityPolicy.RELIABLE
        latched = offered.durability == DurabilityPolicy.TRANSIENT_LOCAL
        return cls(
            ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )


@dataclass
class _Recorded:
    """A topic that is being recorded: its type, and a subscription for every profile that is offered."""

    type_name: str
    message: Any
    subscriptions: dict[Profile, Subscription] = field(default_factory=dict)
    written: deque[Sent] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    @property
    def connected(self) -> bool:
        return any(each.get_publisher_count() > 0 for each in list(self.subscriptions.values()))


class Recorder(Node):
    """Subscribes to topics as they appear, with what their publishers offer, and writes them unread.

    A subscription that asks for what one publisher offers need not hear another, and one that asks for less
    may lose messages of the first: there is one for every profile, and what two of them hear is written once.

    Attributes:
        counts: messages received by topic.
        unknown: topics of which nothing or not everything can be recorded, and why.
    """

    def __init__(self, bag: BagWriter, topics: Collection[str] = ()) -> None:
        """``topics``: names to record; empty for all."""
        super().__init__("recorder")
        self._bag = bag
        self._wanted = frozenset(topics)
        self._recorded: dict[str, _Recorded] = {}
        self.counts: Counter[str] = Counter()
        self.unknown: dict[str, str] = {}
        self.create_timer(DISCOVERY_PERIOD, self._discover, clock=Clock(clock_type=ClockType.STEADY_TIME))

    @property
    def connected(self) -> frozenset[str]:
        """Topics whose publisher and this recorder have found each other."""
        recorded = list(self._recorded.items())  # grows in the executor's thread
        return frozenset(topic for topic, each in recorded if each.connected)

    def _discover(self) -> None:
        for topic, _ in self.get_topic_names_and_types():
            hidden = "/_" in topic  # those of actions and services, which ros2 bag leaves out too
            if topic in self._wanted or not (self._wanted or hidden):
                for publisher in self.get_publishers_info_by_topic(topic):
                    self._hear(topic, publisher)

    def _hear(self, topic: str, publisher: TopicEndpointInfo) -> None:
        recorded = self._recorded.get(topic) or self._begin(topic, publisher)
        if recorded is None:
            return
        if publisher.topic_type != recorded.type_name:
            self._cannot(
                topic,
                f"{publisher.node_name} publishes {publisher.topic_type} on it, and it is recorded as "
                f"{recorded.type_name}: record the two apart",
            )
            return
        profile = Profile.of(publisher.qos_profile)
        if profile not in recorded.subscriptions:
            recorded.subscriptions[profile] = self.create_subscription(
                recorded.message,
                topic,
                self._writer(topic, recorded),
                QoSProfile(depth=DEPTH, reliability=profile.reliability, durability=profile.durability),
                raw=True,
                # Each cannot hear some of the others' publishers, which is no fault.
                event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
            )

    def _begin(self, topic: str, publisher: TopicEndpointInfo) -> _Recorded | None:
        if topic in self.unknown:
            return None
        offered = Profile.of(publisher.qos_profile)
        reliable = offered.reliability == ReliabilityPolicy.RELIABLE
        latched = offered.durability == DurabilityPolicy.TRANSIENT_LOCAL
        # Discovery does not tell the depth: it comes as 0.
        depth = publisher.qos_profile.depth or (1 if latched else TopicQos().depth)
        try:
            self._bag.add_topic(topic, publisher.topic_type, TopicQos(depth, reliable, latched))
            message = message_class(publisher.topic_type)
        except (BagError, MessageTypeError) as error:
            self._cannot(topic, str(error))
            return None
        self._recorded[topic] = _Recorded(publisher.topic_type, message)
        return self._recorded[topic]

    def _cannot(self, topic: str, reason: str) -> None:
        if topic not in self.unknown:
            self.unknown[topic] = reason
            self.get_logger().warning(f"{topic} is not recorded: {reason}")

    def _writer(self, topic: str, recorded: _Recorded) -> Callable[[bytes, dict[str, int]], None]:
        def write(cdr: bytes, info: dict[str, int]) -> None:
            sent = info["source_timestamp"], info.get("publication_sequence_number") or 0
            if sent[0] and sent in recorded.written:
                return
            recorded.written.append(sent)
            self._bag.write(topic, cdr, self._received(info))
            self.counts[topic] += 1

        return write

    def _received(self, info: dict[str, int]) -> int:
        """When a message arrived (ns), which on a busy machine is long before its turn comes."""
        arrived = info.get("received_timestamp") or 0
        clock = self.get_clock()
        simulated = isinstance(clock, ROSClock) and clock.ros_time_is_active
        return arrived if arrived and not simulated else int(clock.now().nanoseconds)


def message_class(type_name: str) -> Any:
    """The Python class of a message type given as ``sensor_msgs/msg/Image``.

    Raises:
        MessageTypeError: its package is not installed, or has no such message.
    """
    try:
        package, kind, name = type_name.split("/")
        return getattr(importlib.import_module(f"{package}.{kind}"), name)
    except (ImportError, AttributeError, ValueError):
        raise MessageTypeError(
            f"the message type {type_name} is not installed: source the workspace that holds it"
        ) from None
