"""The images that the perception node listens to, and what can be said of whoever publishes them."""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo
from sensor_msgs.msg import CompressedImage, Image

from tavi_perception.nodes import qos
from tavi_perception.nodes.settings import NodeConfig

_TYPES = {"raw": Image, "compressed": CompressedImage}
"""By the parameter ``image_transport``."""


class ImageInput:
    """A subscription to the images of one source.

    Args:
        on_image: called with each image.
        report: told in a sentence of a publisher whose quality of service does not match.

    Attributes:
        topic: resolved name.
    """

    def __init__(
        self,
        node: Node,
        config: NodeConfig,
        on_image: Callable[[Image | CompressedImage], None],
        report: Callable[[str], None],
    ) -> None:
        self._node = node
        self._on_image = on_image
        self._transport = config.image_transport
        self._last_arrival = time.monotonic()
        self._arrived = False
        base = node.resolve_topic_name("image")
        # As image_transport has it: beside the image, wherever that is remapped to.
        name = base if self._transport == "raw" else f"{base}/{self._transport}"
        self.topic: str = node.resolve_topic_name(name)
        self._subscription = node.create_subscription(
            _TYPES[self._transport],
            name,
            self._receive,
            qos.image_qos(config.image_reliability),
            event_callbacks=qos.subscription_events(self.topic, report),
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
        wanted = _type_name(_TYPES[self._transport])
        if not publishers:
            return f"{since}: nobody publishes there; start the image source or remap image to its topic"
        matching = [info for info in publishers if info.topic_type == wanted]
        if not matching:
            return (
                f"{since}: it is published as {publishers[0].topic_type}, not {wanted}; "
                "set image_transport to raw for the former, to compressed for a topic of the latter"
            )
        return f"{since}: {_names(matching)} publishes there, but sends none; check the image source"

    def _receive(self, msg: Image | CompressedImage) -> None:
        self._arrived, self._last_arrival = True, time.monotonic()
        self._on_image(msg)


def crowd(node: Node, topic: str) -> str:
    """A sentence when a topic has several publishers: those of two C-arms would be taken for one."""
    publishers = node.get_publishers_info_by_topic(topic)
    if len(publishers) < 2:
        return ""
    return (
        f"{topic} has {len(publishers)} publishers ({_names(publishers)}), and what they send is taken for "
        "that of one C-arm; stop all but one"
    )


def _type_name(message: type) -> str:
    return f"sensor_msgs/msg/{message.__name__}"


def _names(publishers: list[TopicEndpointInfo]) -> str:
    return ", ".join(f"{info.node_namespace.rstrip('/')}/{info.node_name}" for info in publishers)
