"""The quality of service of the topics, and the report of an incompatible peer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSProfile,
    ReliabilityPolicy,
    qos_policy_name_from_kind,
)
from rclpy.topic_endpoint_info import TopicEndpointInfo

OUTPUT = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
LATCHED = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
SENSOR_DATA = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
TRANSFORM = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)

RELIABILITIES = {"best_effort": ReliabilityPolicy.BEST_EFFORT, "reliable": ReliabilityPolicy.RELIABLE}


def image_qos(reliability: str) -> QoSProfile:
    """Sensor data, newest frame only; ``reliable`` for recordings, of which no frame may be lost.

    A reliable reader keeps ten frames, so that a burst is not lost in the queue.
    """
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=1 if reliability == "best_effort" else 10,
        reliability=RELIABILITIES[reliability],
    )


def subscription_events(topic: str, report: Callable[[str], None]) -> SubscriptionEventCallbacks:
    """Calls ``report`` with a sentence when a publisher's quality of service does not match."""
    return SubscriptionEventCallbacks(
        incompatible_qos=lambda event: report(_mismatch(topic, "publisher", event)),
        use_default_callbacks=False,
    )


def publisher_events(topic: str, report: Callable[[str], None]) -> PublisherEventCallbacks:
    """Calls ``report`` with a sentence when a subscriber's quality of service does not match."""
    return PublisherEventCallbacks(
        incompatible_qos=lambda event: report(_mismatch(topic, "subscriber", event)),
        use_default_callbacks=False,
    )


def endpoint_names(endpoints: Iterable[TopicEndpointInfo]) -> str:
    """Which nodes they are of, from the root on."""
    return ", ".join(f"{info.node_namespace.rstrip('/')}/{info.node_name}" for info in endpoints)


def _mismatch(topic: str, who: str, event: object) -> str:
    policy = qos_policy_name_from_kind(event.last_policy_kind)
    return (
        f"a {who} of {topic} asks for an incompatible {policy}: no message passes between us; "
        f"give both ends the same {policy}"
    )
