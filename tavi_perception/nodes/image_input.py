"""The images that the perception node listens to, and what can be said of whoever publishes them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from tavi_perception.bags import decode
from tavi_perception.imaging.grey import ImageRejectedError
from tavi_perception.imaging.messages import compressed_to_grey, image_to_grey, read_message
from tavi_perception.imaging.source import GreyImage
from tavi_perception.nodes import qos
from tavi_perception.nodes.settings import NodeConfig
from tavi_perception.stage_clock import StageClock, TimedStage

_TYPES = {"raw": Image, "compressed": CompressedImage}
"""By the parameter ``image_transport``."""


@dataclass(frozen=True)
class Arrival:
    """An image that has come.

    Attributes:
        msg: sensor_msgs/Image or CompressedImage, as ``read_message`` gives it.
        header: of it.
        stamp: when it was taken (s).
        clock: of its stages, those before it came included.
        lost: how many images of its publisher were sent since the one before, and never came.
    """

    msg: Any
    header: Header
    stamp: float
    clock: StageClock
    lost: int

    def grey(self, bits_stored: int) -> GreyImage:
        """(H, W) uint8.

        Raises:
            ImageRejectedError: see ``image_to_grey`` and ``compressed_to_grey``.
        """
        to_grey = compressed_to_grey if hasattr(self.msg, "format") else image_to_grey
        return to_grey(self.msg, bits_stored=bits_stored)


class ImageInput:
    """A subscription to the images of one source.

    Args:
        on_image: called with each image.
        report: told in a sentence of a publisher whose quality of service does not match.
        unreadable: told in a sentence of a message that is none of its type.

    Messages are taken as bytes: what is none of its type is told from one that is, and rclpy's conversion of
    the pixels, which now and then takes 2 ms, is spared.

    Attributes:
        topic: resolved name.
    """

    def __init__(
        self,
        node: Node,
        config: NodeConfig,
        on_image: Callable[[Arrival], None],
        report: Callable[[str], None],
        unreadable: Callable[[str], None],
    ) -> None:
        self._node = node
        self._on_image, self._unreadable = on_image, unreadable
        self._transport = config.image_transport
        self._last_arrival = time.monotonic()
        self._arrived = False
        self._sent = 0
        base = node.resolve_topic_name("image")
        # As image_transport has it: beside the image, wherever that is remapped to.
        name = base if self._transport == "raw" else f"{base}/{self._transport}"
        self.topic: str = node.resolve_topic_name(name)
        self._type = _type_name(_TYPES[self._transport])
        self._subscription = node.create_subscription(
            _TYPES[self._transport],
            name,
            self._receive,
            qos.image_qos(config.image_reliability),
            event_callbacks=qos.subscription_events(self.topic, report),
            raw=True,
        )

    def destroy(self) -> None:
        self._node.destroy_subscription(self._subscription)

    def silence(self, allowed: float) -> str:
        """A sentence when no image has come for more than ``allowed`` s: since when, and who publishes."""
        silent = time.monotonic() - self._last_arrival
        if silent <= allowed:
            return ""
        since = (
            f"no image on {self.topic} for {silent:.1f} s"
            if self._arrived
            else f"no image on {self.topic} yet"
        )
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        wanted = self._type
        if not publishers:
            return f"{since}: nobody publishes there; start the image source or remap image to its topic"
        matching = [info for info in publishers if info.topic_type == wanted]
        if not matching:
            return (
                f"{since}: it is published as {publishers[0].topic_type}, not {wanted}; "
                "set image_transport to raw for the former, to compressed for a topic of the latter"
            )
        names = qos.endpoint_names(matching)
        return f"{since}: {names} publishes there, but sends none; check the image source"

    def _receive(self, cdr: bytes, info: dict[str, int]) -> None:
        clock = StageClock()
        # Both by the clock of the machine, whatever the node's is.
        received = info.get("received_timestamp") or 0
        reception = 1e-9 * (time.time_ns() - received) if received else 0.0
        now = 1e-9 * self._node.get_clock().now().nanoseconds
        try:
            msg = read_message(cdr, self._type)
        except ImageRejectedError as error:
            self._unreadable(f"{self.topic}: {error}")
            return
        stamp = decode.seconds(msg.header.stamp)
        clock.took(TimedStage.RECEPTION, reception)
        clock.took(TimedStage.TRANSPORT, now - stamp - reception)
        self._arrived, self._last_arrival = True, time.monotonic()
        header = Header(
            stamp=Time(sec=msg.header.stamp.sec, nanosec=msg.header.stamp.nanosec),
            frame_id=msg.header.frame_id,
        )
        lost = self._lost(info.get("publication_sequence_number") or 0)
        self._on_image(Arrival(msg, header, stamp, clock, lost))

    def _lost(self, number: int) -> int:
        """How many numbers are missing before one; none where counting has begun anew, or there is none."""
        before, self._sent = self._sent, number
        return max(0, number - before - 1) if before else 0


def crowd(node: Node, topic: str) -> str:
    """A sentence when a topic has several publishers: those of two C-arms would be taken for one."""
    publishers = node.get_publishers_info_by_topic(topic)
    if len(publishers) < 2:
        return ""
    return (
        f"{topic} has {len(publishers)} publishers ({qos.endpoint_names(publishers)}), and what they send is "
        "taken for that of one C-arm; stop all but one"
    )


def _type_name(message: type) -> str:
    return f"sensor_msgs/msg/{message.__name__}"
