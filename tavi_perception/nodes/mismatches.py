"""Publishers and subscribers that ask for another quality of service than a node has, by their names."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

from rclpy.duration import Infinite
from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible
from rclpy.topic_endpoint_info import TopicEndpointInfo

from tavi_perception.nodes import qos
from tavi_perception.nodes.health import Part

PATIENCE = 3
"""Looks at the graph before nothing found is believed: an event may come before what it is about is seen."""


class Mismatches:
    """Asks the graph who does not match, but only from an event of the middleware on that says so.

    For a node whose every topic is asked for, that takes milliseconds, which frames would wait for.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._looks = 0
        self._told: set[tuple[Part, str]] = set()

    def report(self, sentence: str) -> None:
        """Of an event, see ``qos.subscription_events`` and ``qos.publisher_events``; it is logged."""
        self._node.get_logger().warning(sentence)
        self._looks = PATIENCE

    def look(self) -> Iterator[tuple[Part, str, str]]:
        """News by topic: a sentence where a peer does not match, an empty one once it is gone."""
        if not self._looks:
            return
        self._looks -= 1
        found = dict(self._find())
        if found:
            self._looks = PATIENCE
        for gone in self._told - found.keys():
            yield *gone, ""
        for (part, topic), sentence in found.items():
            yield part, topic, sentence
        self._told = set(found)

    def _find(self) -> Iterator[tuple[tuple[Part, str], str]]:
        for ours in self._node.subscriptions:
            peers = self._node.get_publishers_info_by_topic(ours.topic_name)
            checked = [(peer, qos_check_compatible(peer.qos_profile, ours.qos_profile)) for peer in peers]
            if sentence := _sentence("publishes", ours.topic_name, checked):
                yield (Part.INPUT, ours.topic_name), sentence
        for ours in self._node.publishers:
            peers = self._node.get_subscriptions_info_by_topic(ours.topic_name)
            offered = _as_the_graph_states_it(ours.qos_profile)
            checked = [(peer, qos_check_compatible(offered, peer.qos_profile)) for peer in peers]
            if sentence := _sentence("subscribes to", ours.topic_name, checked):
                yield (Part.OUTPUT, ours.topic_name), sentence


def _as_the_graph_states_it(profile: QoSProfile) -> QoSProfile:
    """Without a deadline, and without a lease, it says infinite, where a profile of one's own says 0."""
    stated = copy(profile)
    for name in ("deadline", "liveliness_lease_duration"):
        if getattr(stated, name).nanoseconds == 0:
            setattr(stated, name, Infinite)
    return stated


def _sentence(
    does: str, topic: str, checked: list[tuple[TopicEndpointInfo, tuple[QoSCompatibility, str]]]
) -> str:
    """Which of the peers that do something with a topic do not match, and why; empty when all do."""
    found = [(peer, why) for peer, (verdict, why) in checked if verdict == QoSCompatibility.ERROR]
    if not found:
        return ""
    names = qos.endpoint_names(peer for peer, _ in found)
    reasons = sorted({each for _, why in found for each in _reasons(why)})
    return (
        f"{names} {does} {topic} with an incompatible quality of service ({'; '.join(reasons)}): no message "
        "passes between us; give both ends the same"
    )


def _reasons(why: str) -> list[str]:
    """Of "ERROR: Best effort publisher and reliable subscription;ERROR: …;"."""
    return [each.removeprefix("ERROR: ").strip() for each in why.split(";") if each.strip()]
