"""The naive node: the pipeline of ``benchmarks.naive`` in the callback of a subscription, and nothing else.

    python -m benchmarks.graph.naive_node FOLDER keras|litert --ros-args …

FOLDER is that of the model bundle. It hears the same topic with the same quality of service as ours, of which
only the newest frame waits; with the queue of ten that examples use, it would answer frames that are a second
old. It publishes keypoints, since it has nothing more to say.
"""

from __future__ import annotations

import sys

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import Image
from tavi_msgs.msg import KeypointArray

from benchmarks.naive import Answering, keras_predict, naive
from tavi_perception.inference.bundle import ModelBundle, load_bundle
from tavi_perception.nodes import qos
from tavi_perception.nodes.process import run_node

PIPELINES = {"keras": keras_predict, "litert": naive}


class NaiveNode(Node):  # type: ignore[misc, unused-ignore]  # where types are checked, ROS may be missing
    """Answers each image where it is received."""

    def __init__(self, bundle: ModelBundle, pipeline: str, **node_arguments: object) -> None:
        super().__init__("perception", **node_arguments)
        self._tensors = bundle.manifest.tensors
        self._side = bundle.input_width
        made = PIPELINES[pipeline](bundle)
        if made is None:
            raise RuntimeError(f"{pipeline}: TensorFlow is missing here, or a SavedModel in {bundle.folder}")
        self._answer: Answering = made
        self._answer(np.zeros((self._side, self._side), dtype=np.uint8))  # before the first image, as ours
        self._publisher = self.create_publisher(KeypointArray, "keypoints", qos.OUTPUT)
        self._subscription = self.create_subscription(
            Image, "image", self._on_image, qos.image_qos("best_effort")
        )

    def _on_image(self, msg: Image) -> None:
        image = np.frombuffer(msg.data, dtype=np.uint8).reshape(msg.height, msg.width)
        outputs = self._answer(image)
        presence, xy = (outputs[name][0] for name in (self._tensors.presence, self._tensors.xy))
        answer = KeypointArray(header=msg.header, image_width=msg.width, image_height=msg.height)
        for index, keypoint in enumerate(answer.keypoints):
            keypoint.id = index
            keypoint.presence = float(presence[index])
            keypoint.present = keypoint.measured = keypoint.presence > 0.5
            keypoint.x, keypoint.y = (float(value) * msg.width / self._side for value in xy[index])
        self._publisher.publish(answer)


def main() -> None:
    folder, pipeline, *words = sys.argv[1:]
    run_node(lambda: NaiveNode(load_bundle(folder), pipeline), words)


if __name__ == "__main__":
    main()
