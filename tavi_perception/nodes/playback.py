"""Frames of a source as image, geometry and truth messages, at the pace they were recorded."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Protocol, TypeGuard

from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from tavi_msgs.msg import AnnulusFrame, CArmGeometry, CatheterDeviation, KeypointArray

from tavi_perception import carm, estimates
from tavi_perception.imaging.source import Frame, FrameSource
from tavi_perception.nodes import conversions, qos
from tavi_perception.simulation.procedure import RenderedProcedure


class FramePublisher:
    """Publishes the frames of one source on ``image`` and its geometry, latched, on ``carm_geometry``.

    ``count`` is the number of frames published. Frames are stamped with the node's clock as they are
    published: to the graph this is when they were taken.
    """

    def __init__(self, node: Node, source: FrameSource, frame_id: str, reliability: str) -> None:
        self._node = node
        self._frame_id = frame_id
        self.images = node.create_publisher(Image, "image", qos.image_qos(reliability))
        self._geometry = node.create_publisher(CArmGeometry, "carm_geometry", qos.LATCHED)
        self._announced: carm.CArmGeometry | None = None
        self.count = 0
        self.announce(source.geometry)

    def announce(self, geometry: carm.CArmGeometry) -> None:
        """Publish the geometry of the frames to come, if it is not the one that holds already."""
        if geometry != self._announced:
            self._announced = geometry
            self._geometry.publish(conversions.geometry_to_msg(geometry, self._header()))

    def publish(self, frame: Frame) -> Image:
        """The message that was published."""
        msg = conversions.image_to_msg(frame.image, self._header())
        self.images.publish(msg)
        self.count += 1
        return msg

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


def has_truth(source: FrameSource) -> TypeGuard[RenderedProcedure]:
    return isinstance(source, RenderedProcedure)


def paced(source: FrameSource, stop: threading.Event) -> Iterator[Frame]:
    """The frames when they are due; a late frame delays those after it, none is skipped."""
    start = time.monotonic()
    for frame in source:
        early = start + frame.time - time.monotonic()
        if early < 0:
            start -= early
        if stop.wait(max(early, 0.0)):
            return
        yield frame
