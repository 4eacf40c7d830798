"""What a bag knows of a topic: its name, type and quality of service; and the error of all bag functions."""

from __future__ import annotations

from dataclasses import dataclass

from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime

from tavi_perception.sentence import InputError


class BagError(InputError):
    """A bag cannot be read or written; the message names it, the reason and the remedy in one sentence."""


@dataclass(frozen=True)
class TopicQos:
    """Quality of service that a publisher offers, as far as replaying it needs.

    Attributes:
        depth: messages kept for late or slow subscribers; 0 keeps all.
        reliable: False is best effort.
        transient_local: late subscribers get the last ``depth`` messages ("latched").
    """

    depth: int = 10
    reliable: bool = True
    transient_local: bool = False


@dataclass(frozen=True)
class Topic:
    """A recorded topic.

    Attributes:
        name: with leading slash.
        type_name: as ``sensor_msgs/msg/Image``.
        qos: what its publisher offered.
        count: number of messages.
    """

    name: str
    type_name: str
    qos: TopicQos
    count: int


def to_rosbags(qos: TopicQos) -> Qos:
    """The profile as rosbag2 stores it; deadline, lifespan and lease are unlimited."""
    unlimited = QosTime(9223372036, 854775807)
    return Qos(
        QosHistory.KEEP_LAST if qos.depth else QosHistory.KEEP_ALL,
        qos.depth,
        QosReliability.RELIABLE if qos.reliable else QosReliability.BEST_EFFORT,
        QosDurability.TRANSIENT_LOCAL if qos.transient_local else QosDurability.VOLATILE,
        unlimited,
        unlimited,
        QosLiveliness.AUTOMATIC,
        unlimited,
        False,
    )


def from_rosbags(profiles: list[Qos]) -> TopicQos:
    """What all recorded publishers of a topic offered in common; the default where none was recorded."""
    if not profiles:
        return TopicQos()
    keeps_all = any(profile.history is QosHistory.KEEP_ALL for profile in profiles)
    return TopicQos(
        0 if keeps_all else max(1, *(profile.depth for profile in profiles)),
        all(profile.reliability is not QosReliability.BEST_EFFORT for profile in profiles),
        all(profile.durability is QosDurability.TRANSIENT_LOCAL for profile in profiles),
    )
