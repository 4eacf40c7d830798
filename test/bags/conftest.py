"""Messages to put into bags, and what is put into them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rosbags.typesys.store import Typestore

from tavi_perception.bags.types import message_store


@pytest.fixture(scope="session")
def store() -> Typestore:
    return message_store()


@pytest.fixture
def image_cdr(store: Typestore) -> Callable[[np.ndarray, int], bytes]:
    """A serialised mono8 image with a stamp (ns)."""

    def serialise(image: np.ndarray, stamp_ns: int = 0) -> bytes:
        height, width = image.shape
        fields = (header(store, stamp_ns), height, width, "mono8", 0, width, image.ravel())
        message = store.types["sensor_msgs/msg/Image"](*fields)
        return bytes(store.serialize_cdr(message, "sensor_msgs/msg/Image"))

    return serialise


@pytest.fixture
def geometry_cdr(store: Typestore) -> Callable[..., bytes]:
    """A serialised C-arm geometry."""

    def serialise(
        *lengths_and_angles: float, width: int, height: int, calibration: int, stamp_ns: int = 0
    ) -> bytes:
        message = store.types["tavi_msgs/msg/CArmGeometry"](
            header(store, stamp_ns), *lengths_and_angles, width, height, calibration
        )
        return bytes(store.serialize_cdr(message, "tavi_msgs/msg/CArmGeometry"))

    return serialise


def header(store: Typestore, stamp_ns: int) -> Any:
    stamp = store.types["builtin_interfaces/msg/Time"](*divmod(stamp_ns, 1_000_000_000))
    return store.types["std_msgs/msg/Header"](stamp, "fluoro")
