"""The topics on which the perception node publishes its results, and their order."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
from geometry_msgs.msg import PoseStamped
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from tavi_msgs.msg import AnnulusFrame, CatheterDeviation, KeypointArray, ModelInfo
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from tavi_perception.carm import CArmGeometry
from tavi_perception.imaging.source import GreyImage
from tavi_perception.nodes import conversions, qos
from tavi_perception.nodes.frame_names import transform_defect
from tavi_perception.nodes.health import Health, Part
from tavi_perception.nodes.markers import marker_array
from tavi_perception.nodes.settings import NodeConfig
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.tracker import TrackedFrame
from tavi_perception.visualization.overlay import draw_overlay
from tavi_perception.visualization.shapes import shapes


class Outputs:
    """Publishers of one perception node.

    Args:
        image_topic: of the images, resolved; their camera_info goes out beside it where that is asked for.
        report: told in a sentence of a peer whose quality of service does not match.
        health: told of transforms that cannot be sent.
    """

    def __init__(
        self, node: Node, config: NodeConfig, image_topic: str, report: Callable[[str], None], health: Health
    ) -> None:
        self._node = node
        self._config = config
        self._health = health
        self._last_overlay = -math.inf
        self._c_arm: tuple[CArmGeometry, str] | None = None
        self._picture = Image()

        self._publishers: list[Publisher] = []

        def publisher(message: type, topic: str, profile: qos.QoSProfile) -> Publisher:
            name = node.resolve_topic_name(topic)
            made = node.create_publisher(
                message, topic, profile, event_callbacks=qos.publisher_events(name, report)
            )
            self._publishers.append(made)
            return made

        self._keypoints = publisher(KeypointArray, "keypoints", qos.OUTPUT)
        self._annulus = publisher(AnnulusFrame, "annulus", qos.OUTPUT)
        self._deviation = publisher(CatheterDeviation, "deviation", qos.OUTPUT)
        self._annulus_pose = publisher(PoseStamped, "annulus_pose", qos.OUTPUT)
        self._markers = publisher(MarkerArray, "markers", qos.OUTPUT)
        self._overlay = publisher(Image, "overlay", qos.SENSOR_DATA)
        beside = f"{image_topic.rpartition('/')[0]}/camera_info"
        infos = {node.resolve_topic_name("camera_info"), *([beside] if config.image_camera_info else [])}
        self._camera_infos = [publisher(CameraInfo, topic, qos.SENSOR_DATA) for topic in sorted(infos)]
        self._model_info = publisher(ModelInfo, "model_info", qos.LATCHED)
        self._transform = publisher(TFMessage, "/tf", qos.TRANSFORM)
        self._static_transform = publisher(TFMessage, "/tf_static", qos.LATCHED)

    def announce_model(self, info: ModelInfo) -> None:
        self._model_info.publish(info)

    def publish_results(self, header: Header, frame: TrackedFrame, latency: float) -> None:
        """What a controller waits for, first; ``latency`` in s from the header's stamp to now."""
        self._keypoints.publish(conversions.keypoints_to_msg(frame.keypoints, header))
        self._annulus.publish(conversions.annulus_to_msg(frame.annulus, header))
        self.publish_deviation(header, frame, latency)
        if frame.annulus.valid and conversions.has_finite_pose(frame.annulus):
            self._annulus_pose.publish(conversions.pose_to_msg(frame.annulus, header))
            if self._config.publish_tf and self._may_be_sent(header.frame_id, self._config.annulus_frame_id):
                transform = conversions.transform_to_msg(frame.annulus, header, self._config.annulus_frame_id)
                self._transform.publish(TFMessage(transforms=[transform]))

    def publish_c_arm(self, header: Header, geometry: CArmGeometry) -> None:
        """The image's frame (``header.frame_id``) under that of the C-arm, when either has changed."""
        parent, child = self._config.c_arm_frame_id, header.frame_id
        if not (self._config.publish_tf and parent) or self._c_arm == (geometry, child):
            return
        self._c_arm = geometry, child
        if self._may_be_sent(parent, child):
            transform = conversions.c_arm_to_msg(geometry, header, parent)
            self._static_transform.publish(TFMessage(transforms=[transform]))

    def _may_be_sent(self, parent: str, child: str) -> bool:
        defect = transform_defect(parent, child)
        self._health.warn(Part.OUTPUT, "frames", defect)
        return not defect

    def publish_deviation(self, header: Header, frame: TrackedFrame, latency: float) -> None:
        self._deviation.publish(conversions.deviation_to_msg(frame.deviation, header, latency))

    def publish_camera(self, header: Header, geometry: CArmGeometry) -> None:
        """``geometry``: for the image's size."""
        for publisher in self._camera_infos:
            publisher.publish(conversions.camera_info(geometry, header))

    @property
    def watched(self) -> bool:
        """Somebody has subscribed to markers or overlay."""
        return bool(self._markers.get_subscription_count() or self._overlay.get_subscription_count())

    def publish_views(
        self,
        header: Header,
        image: GreyImage,
        frame: TrackedFrame,
        geometry: CArmGeometry,
        config: TrackingConfig,
        overlay_rate: float,
    ) -> None:
        """Markers and overlay, each while subscribed. ``overlay_rate``: at most, in Hz."""
        geometry = geometry.for_image(frame.keypoints.width, frame.keypoints.height)
        if self._markers.get_subscription_count():
            drawn = shapes(
                frame.keypoints,
                frame.annulus,
                frame.deviation,
                geometry,
                config.target_depth,
                config.depth_tolerance,
            )
            self._markers.publish(marker_array(drawn, header))
        now = time.monotonic()
        if self._overlay.get_subscription_count() and now - self._last_overlay >= 1.0 / overlay_rate:
            self._last_overlay = now
            draw_overlay(
                image,
                frame.keypoints,
                frame.annulus,
                frame.deviation,
                config.target_depth,
                config.depth_tolerance,
                geometry.metres_per_px,
                onto=self._canvas(image),
            )
            self._picture.header = header
            self._overlay.publish(self._picture)

    def _canvas(self, image: GreyImage) -> NDArray[np.uint8]:
        """The pixels (H, W, 3) of the overlay's message, used again and again: a copy takes 2 ms."""
        shape = (*image.shape, 3)
        if len(self._picture.data) != math.prod(shape) or self._picture.width != image.shape[1]:
            self._picture = conversions.image_to_msg(np.zeros(shape, np.uint8), Header())
        return np.frombuffer(self._picture.data, np.uint8).reshape(shape)

    def destroy(self) -> None:
        for publisher in self._publishers:
            self._node.destroy_publisher(publisher)
