"""The camera: a process that does nothing but publish frames that are ready, when they are due.

    python -m benchmarks.graph.camera FOLDER

FOLDER holds ``SIZE.npy`` for every size, (N, SIZE, SIZE) uint8. Orders come as lines on standard input, what
was sent goes back as lines on standard output, both JSON: ``Order`` and ``Filmed``.
"""

from __future__ import annotations

import bisect
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from numpy.typing import NDArray
from rclpy.clock import Clock
from rclpy.publisher import Publisher
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from tavi_perception.nodes import conversions, qos
from tavi_perception.nodes.session_graph import INPUTS

FRAME_ID = "fluoro"


@dataclass(frozen=True)
class Order:
    """Frames to be sent.

    Attributes:
        size: of the frames (px). rate: frames a second. seconds: how long.
        warm_up: how long frames are sent before (s), of which nothing is told.
    """

    size: int
    rate: float
    seconds: float
    warm_up: float = 0.0

    def to_text(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Filmed:
    """What was sent.

    Attributes:
        stamps: of the frames, in order (ns).
        publish_ms: median of what handing one to the middleware took; None for no frame.
        listeners: subscriptions to the images at the end.
    """

    stamps: tuple[int, ...]
    publish_ms: float | None
    listeners: int

    def to_text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Filmed:
        content = json.loads(text)
        return cls(tuple(content["stamps"]), content["publish_ms"], content["listeners"])


def write_frames(folder: Path, size: int, frames: NDArray[np.uint8]) -> None:
    """For a camera of that folder: ``frames`` (N, size, size)."""
    np.save(folder / f"{size}.npy", frames)


def there_and_back(number: int, count: int) -> int:
    """Which of ``count`` frames is shown as the ``number``-th: no two in a row are the same, none leaps."""
    if count < 2:
        return 0
    place = number % (2 * count - 2)
    return place if place < count else 2 * count - 2 - place


def main() -> int:
    """Obeys orders until there are no more."""
    folder = Path(sys.argv[1])
    # Whoever gives the orders ends this; an interruption is for them.
    rclpy.init(args=[], signal_handler_options=rclpy.SignalHandlerOptions.NO)
    node = rclpy.create_node("camera", namespace="fluoro")
    publisher = node.create_publisher(Image, INPUTS[0], qos.image_qos("best_effort"))
    messages = {int(file.stem): _messages(np.load(file)) for file in folder.glob("*.npy")}
    number = 0
    for line in sys.stdin:
        order = Order(**json.loads(line))
        frames = messages[order.size]
        stamps, took = _film(publisher, frames, number, order.rate, order.warm_up + order.seconds)
        number += len(stamps)
        counted = bisect.bisect_left(stamps, stamps[0] + 1e9 * order.warm_up)
        stamps, took = stamps[counted:], took[counted:]
        publish_ms = 1e3 * statistics.median(took) if took else None
        filmed = Filmed(tuple(stamps), publish_ms, publisher.get_subscription_count())
        print(filmed.to_text(), flush=True)
    node.destroy_node()
    rclpy.try_shutdown()
    return 0


def _messages(frames: NDArray[np.uint8]) -> list[Any]:
    return [conversions.image_to_msg(frame, Header(frame_id=FRAME_ID)) for frame in frames]


def _film(
    publisher: Publisher, frames: list[Any], number: int, rate: float, seconds: float
) -> tuple[list[int], list[float]]:
    """Stamps (ns) of one frame or more, and how long each publication took (s).

    ``number``: of frames sent before.

    A camera that is late for a frame by a whole period leaves it out, as a real one does.
    """
    stamps, took = list[int](), list[float]()
    clock, period = Clock(), 1.0 / rate
    due = time.monotonic()
    end = due + seconds
    while due < end:
        time.sleep(max(0.0, due - time.monotonic()))
        message = frames[there_and_back(number + len(stamps), len(frames))]
        now = clock.now()
        message.header.stamp = now.to_msg()
        begun = time.perf_counter()
        publisher.publish(message)
        took.append(time.perf_counter() - begun)
        stamps.append(now.nanoseconds)
        late = time.monotonic() - due
        due += period * max(1, int(late / period))
    return stamps, took


if __name__ == "__main__":
    raise SystemExit(main())
