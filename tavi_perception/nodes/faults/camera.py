"""The campaign's camera: shows the film, through a lens that a case may spoil, and keeps what it sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from tavi_msgs.msg import CArmGeometry

from tavi_perception.bags.decode import stamp_ns
from tavi_perception.faults.oracle import SentImage
from tavi_perception.nodes import conversions, qos
from tavi_perception.nodes.faults.film import RATE, Film
from tavi_perception.nodes.faults.world import NS, World

FRAME_ID = "fluoro"


@dataclass(frozen=True)
class Shot:
    """A message to be sent, and whether a valid deviation may come of it; see ``SentImage``."""

    msg: Image
    good: bool | None = True


Lens = Callable[[Any, int], list[Shot]]
"""What is sent of a picture (H, W) that is taken at a time (ns)."""


def shot(picture: Any, stamp: int, good: bool | None = True, frame_id: str = FRAME_ID) -> Shot:
    """A well-formed message of a picture."""
    return Shot(conversions.image_to_msg(picture, header(stamp, frame_id)), good)


def header(stamp: int, frame_id: str = FRAME_ID) -> Header:
    return Header(stamp=Time(sec=stamp // NS, nanosec=stamp % NS), frame_id=frame_id)


def clear(picture: Any, stamp: int) -> list[Shot]:
    """The lens where nothing is wrong."""
    return [shot(picture, stamp)]


class Camera:
    """Publishes in a thread of its own.

    Attributes:
        period: s between two pictures.
    """

    def __init__(self, node: Node, film: Film, world: World) -> None:
        self._node, self.film, self._world = node, film, world
        self._images = node.create_publisher(Image, "image", qos_profile_sensor_data)
        self._geometry = node.create_publisher(CArmGeometry, "carm_geometry", qos.LATCHED)
        self.period = 1.0 / RATE
        self.geometry = film.geometry
        self._lens: Lens = clear
        self._broken: Exception | None = None
        self._sent: list[SentImage] = []
        self._lock = threading.Lock()
        self._on, self._ended = threading.Event(), False
        self._thread = threading.Thread(target=self._film_on, name="camera", daemon=True)

    @property
    def found(self) -> bool:
        return bool(self._images.get_subscription_count() and self._geometry.get_subscription_count())

    @property
    def sent(self) -> list[SentImage]:
        with self._lock:
            return list(self._sent)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended = True
        self._on.set()
        if self._thread.is_alive():
            self._thread.join()

    def roll(self) -> None:
        self._on.set()

    def pause(self) -> None:
        """No image is sent after this returns."""
        self._on.clear()
        with self._lock:
            pass

    def forget(self) -> None:
        """A new record begins."""
        with self._lock:
            self._sent.clear()

    def heard(self, image: SentImage) -> None:
        """Somebody else has sent an image."""
        with self._lock:
            self._sent.append(image)

    @contextmanager
    def through(self, lens: Lens) -> Iterator[list[SentImage]]:
        """Films through a lens meanwhile; afterwards the list has what was sent through it."""
        images: list[SentImage] = []
        with self._lock:
            before, self._lens = len(self._sent), lens
        try:
            yield images
        finally:
            with self._lock:
                self._lens = clear
                images += self._sent[before:]
        if self._broken is not None:
            raise self._broken

    def announce(self, frame_id: str = FRAME_ID, **changed: object) -> None:
        """Publishes the film's geometry, with fields of its message changed."""
        msg = conversions.geometry_to_msg(self.geometry, header(self._world.told(), frame_id))
        for name, value in changed.items():
            setattr(msg, name, value)
        self._geometry.publish(msg)

    def withdraw(self) -> None:
        """Takes the publisher of the geometry away, and with it what it has latched."""
        self._node.destroy_publisher(self._geometry)
        self._geometry = self._node.create_publisher(CArmGeometry, "carm_geometry", qos.LATCHED)

    def _film_on(self) -> None:
        pictures, due = iter(self.film), time.monotonic()
        while True:
            if not self._on.is_set():
                self._on.wait()
                due = time.monotonic()
            if self._ended:
                return
            picture = next(pictures)
            with self._lock:
                if self._on.is_set():
                    self._shoot(picture)
            due = max(due + self._world.slower * self.period, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    def _shoot(self, picture: Any) -> None:
        try:
            shots = self._lens(picture, self._world.told())
        except Exception as error:  # of the case, which is to fail for it
            self._lens, self._broken, shots = clear, error, []
        for each in shots:
            self._sent.append(SentImage(stamp_ns(each.msg), self._world.now(), each.good))
            self._images.publish(each.msg)
