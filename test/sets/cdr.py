"""Serialises the messages that tests put into bags."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.typesys.store import Typestore


def header(store: Typestore, stamp_ns: int) -> Any:
    """A std_msgs/Header."""
    stamp = store.types["builtin_interfaces/msg/Time"](*divmod(stamp_ns, 1_000_000_000))
    return store.types["std_msgs/msg/Header"](stamp, "fluoro")


def image_cdr(store: Typestore, image: NDArray[np.uint8], stamp_ns: int = 0) -> bytes:
    """A serialised mono8 image (H, W) with a stamp (ns)."""
    height, width = image.shape
    fields = (header(store, stamp_ns), height, width, "mono8", 0, width, image.ravel())
    message = store.types["sensor_msgs/msg/Image"](*fields)
    return bytes(store.serialize_cdr(message, "sensor_msgs/msg/Image"))


def compressed_cdr(store: Typestore, kind: str, data: bytes, stamp_ns: int = 0) -> bytes:
    """A serialised compressed image of a format, with a stamp (ns)."""
    content = np.frombuffer(data, np.uint8)
    message = store.types["sensor_msgs/msg/CompressedImage"](header(store, stamp_ns), kind, content)
    return bytes(store.serialize_cdr(message, "sensor_msgs/msg/CompressedImage"))


def geometry_cdr(
    store: Typestore,
    *lengths_and_angles: float,
    width: int,
    height: int,
    calibration: int,
    stamp_ns: int = 0,
) -> bytes:
    """A serialised C-arm geometry."""
    message = store.types["tavi_msgs/msg/CArmGeometry"](
        header(store, stamp_ns), *lengths_and_angles, width, height, calibration
    )
    return bytes(store.serialize_cdr(message, "tavi_msgs/msg/CArmGeometry"))
