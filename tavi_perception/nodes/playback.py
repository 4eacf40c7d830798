"""Images, their geometry and their truth as messages; a source's frames at their recorded pace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from tavi_msgs.msg import AnnulusFrame, CArmGeometry, CatheterDeviation, KeypointArray

from tavi_perception import carm, estimates
from tavi_perception.imaging.pace import pause_between
from tavi_perception.imaging.source import Frame, FrameSource
from tavi_perception.nodes import conversions, qos


class FramePublisher:
    """Publishes images on ``image`` and the geometry they were taken with, latched, on ``carm_geometry``.

    ``count`` is the number of images published. They are stamped with the node's clock as they are published,
    unless another stamp is told: to the graph this is when they were taken.
    """

    def __init__(self, node: Node, frame_id: str, reliability: str) -> None:
        self._node = node
        self._frame_id = frame_id
        self.images = node.create_publisher(Image, "image", qos.image_qos(reliability))
        self._geometry = node.create_publisher(CArmGeometry, "carm_geometry", qos.LATCHED)
        self._announced: carm.CArmGeometry | None = None
        self.count = 0

    def announce(self, geometry: carm.CArmGeometry) -> None:
        """Publish the geometry of the images to come, if it is not the one that holds already."""
        self._announce(geometry, self._header())

    def publish(
        self, image: NDArray[Any], geometry: carm.CArmGeometry, stamp_ns: int | None = None
    ) -> Header:
        """Publishes the image (H, W), uint8 or uint16, after its geometry; the header of both."""
        header = self._header()
        if stamp_ns is not None:
            header.stamp = Time(nanoseconds=stamp_ns).to_msg()
        self._announce(geometry, header)
        self.images.publish(conversions.image_to_msg(image, header))
        self.count += 1
        return header

    def _announce(self, geometry: carm.CArmGeometry, header: Header) -> None:
        if geometry != self._announced:
            self._announced = geometry
            self._geometry.publish(conversions.geometry_to_msg(geometry, header))

    def _header(self) -> Header:
        return Header(stamp=self._node.get_clock().now().to_msg(), frame_id=self._frame_id)


class Known(Protocol):
    """What the truth of a frame consists of, as messages hold it."""

    @property
    def keypoints(self) -> estimates.Keypoints: ...

    @property
    def annulus(self) -> estimates.AnnulusFrame: ...

    @property
    def deviation(self) -> estimates.CatheterDeviation: ...


class TruthPublisher:
    """Publishes the ground truth of synthetic frames on /truth/*, with the headers of their images."""

    def __init__(self, node: Node) -> None:
        self._keypoints = node.create_publisher(KeypointArray, "/truth/keypoints", qos.OUTPUT)
        self._annulus = node.create_publisher(AnnulusFrame, "/truth/annulus", qos.OUTPUT)
        self._deviation = node.create_publisher(CatheterDeviation, "/truth/deviation", qos.OUTPUT)

    def publish(self, truth: Known, header: Header) -> None:
        self._keypoints.publish(conversions.keypoints_to_msg(truth.keypoints, header))
        self._annulus.publish(conversions.annulus_to_msg(truth.annulus, header))
        self._deviation.publish(conversions.deviation_to_msg(truth.deviation, header, latency=0.0))


def paced(
    source: FrameSource, stop: threading.Event, report: Callable[[str], None] = lambda sentence: None
) -> Iterator[Frame]:
    """The frames when they are due; a late frame delays those after it, none is skipped.

    ``report`` is told of jumps in the recorded times, which are not waited for.
    """
    due, before = time.monotonic(), 0.0
    for frame in source:
        pause, sentence = pause_between(before, frame.time)
        if sentence:
            report(sentence)
        due, before = due + pause, frame.time
        early = due - time.monotonic()
        due -= min(early, 0.0)
        if stop.wait(max(early, 0.0)):
            return
        yield frame
