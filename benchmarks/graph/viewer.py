"""Somebody who watches the overlay: a process that subscribes to it and looks at nothing."""

from __future__ import annotations

import rclpy
from rclpy.node import Node
from sensor_msgs.msg import Image

from tavi_perception.nodes import qos
from tavi_perception.nodes.process import run_node

TOPIC = "/tavi/overlay"


def make() -> Node:
    """The node; its subscription takes messages unread."""
    node = rclpy.create_node("viewer")
    node.create_subscription(Image, TOPIC, lambda _: None, qos.SENSOR_DATA, raw=True)
    return node


if __name__ == "__main__":
    run_node(make, [])
