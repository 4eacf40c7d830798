"""From ROS image messages (sensor_msgs Image and CompressedImage) to grey images, without ROS."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.image.image import Format, ImageError, image_to_cvimage, to_cvtype
from rosbags.typesys import Stores, get_typestore
from rosbags.typesys.store import Typestore

from tavi_perception.imaging.encoded import first_picture
from tavi_perception.imaging.grey import ImageRejectedError, Picture, check_size, picture_from_array
from tavi_perception.imaging.source import GreyImage


class ImageMessage(Protocol):
    """What is needed of a sensor_msgs/Image; ``data`` is anything with the buffer protocol."""

    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def encoding(self) -> str: ...
    @property
    def is_bigendian(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def data(self) -> Any: ...


class CompressedImageMessage(Protocol):
    """What is needed of a sensor_msgs/CompressedImage; ``data`` is anything with the buffer protocol."""

    @property
    def format(self) -> str: ...
    @property
    def data(self) -> Any: ...


def read_message(cdr: bytes, type_name: str) -> Any:
    """A message of a standard type, ``sensor_msgs/msg/Image`` say, from its bytes.

    Args:
        cdr: as the middleware passes it on (DDS-XTypes 7.4.3, plain CDR).

    Raises:
        ImageRejectedError: they are none of that type.
    """
    try:
        return _store().deserialize_cdr(cdr, type_name)
    except Exception as error:  # whatever other bytes make of it
        raise ImageRejectedError(
            f"a message of {len(cdr)} bytes is no {type_name} ({error!r}); check who publishes it"
        ) from error


@cache
def _store() -> Typestore:
    return get_typestore(Stores.ROS2_JAZZY)


@dataclass(frozen=True)
class _Layout:
    """How the pixels of an encoding lie in the bytes of a message."""

    dtype: type[np.uint8] | type[np.uint16]
    channels: int
    colour_to_grey: int | None = None


_LAYOUTS = {
    "mono8": _Layout(np.uint8, 1),
    "8UC1": _Layout(np.uint8, 1),
    "mono16": _Layout(np.uint16, 1),
    "16UC1": _Layout(np.uint16, 1),
    "rgb8": _Layout(np.uint8, 3, cv2.COLOR_RGB2GRAY),
    "bgr8": _Layout(np.uint8, 3, cv2.COLOR_BGR2GRAY),
    "rgba8": _Layout(np.uint8, 4, cv2.COLOR_RGBA2GRAY),
    "bgra8": _Layout(np.uint8, 4, cv2.COLOR_BGRA2GRAY),
}


def image_to_grey(message: ImageMessage, bits_stored: int = 16) -> GreyImage:
    """(H, W) grey image of a sensor_msgs/Image; a view of its data for unpadded mono8 and 8UC1.

    Args:
        message: of encoding mono8, 8UC1, mono16, 16UC1, rgb8, bgr8, rgba8, bgra8, or one that
            rosbags-image converts (Bayer, YUV 4:2:2, 16-bit colour).
        bits_stored: for mono16 and 16UC1, how many low bits carry the image: 0…2^bits − 1 become 0…255,
            more is clipped.

    Raises:
        ImageRejectedError: the encoding is unknown, or size, step and data do not fit together.
    """
    return image_picture(message, bits_stored).grey


def image_picture(message: ImageMessage, bits_stored: int = 16) -> Picture:
    """As ``image_to_grey``, with what reading it has shown."""
    name = f"image {message.width}x{message.height} {message.encoding!r}"
    check_size(message.width, message.height, name)
    layout = _LAYOUTS.get(message.encoding)
    if layout is None:
        return picture_from_array(_by_rosbags_image(message, name), name)
    pixels = _pixels(message, layout, name)
    if layout.colour_to_grey is not None:
        pixels = cv2.cvtColor(np.ascontiguousarray(pixels), layout.colour_to_grey)
    return picture_from_array(pixels, name, bits_stored if layout.dtype is np.uint16 else 0)


def compressed_to_grey(message: CompressedImageMessage, bits_stored: int = 16) -> GreyImage:
    """(H, W) grey image of a sensor_msgs/CompressedImage that holds a JPEG, PNG or TIFF of 8 or 16 bits.

    Args:
        message: with any of these formats; the content says which.
        bits_stored: as in ``image_to_grey``, for 16-bit pixels.

    Raises:
        ImageRejectedError: it is empty, truncated or of another format.
    """
    return compressed_picture(message, bits_stored).grey


def compressed_picture(message: CompressedImageMessage, bits_stored: int = 16) -> Picture:
    """As ``compressed_to_grey``, with what reading it has shown."""
    name = f"compressed image of format {message.format!r}"
    if "compressedDepth" in message.format:
        raise ImageRejectedError(f"{name}: it holds depth, not grey levels; publish it as jpeg or png")
    return first_picture(message.data, name, bits_stored)


def _pixels(message: ImageMessage, layout: _Layout, name: str) -> NDArray[Any]:
    """(H, W) or (H, W, C) view of the message's data."""
    item = np.dtype(layout.dtype).newbyteorder(">" if message.is_bigendian else "<")
    data = _rows(message, message.width * layout.channels * item.itemsize, name)
    shape = (message.height, message.width, layout.channels)[: 2 if layout.channels == 1 else 3]
    strides = (message.step, layout.channels * item.itemsize, item.itemsize)[: len(shape)]
    return np.ndarray(shape, item, data, strides=strides)


def _rows(message: ImageMessage, row_bytes: int, name: str) -> NDArray[np.uint8]:
    """The message's bytes, known to hold every row."""
    data = np.frombuffer(message.data, np.uint8) if len(message.data) else np.empty(0, np.uint8)
    if message.step < row_bytes:
        raise ImageRejectedError(
            f"{name}: step {message.step} is less than the {row_bytes} bytes of a row; "
            "correct step or width in the publisher"
        )
    if data.size < message.step * message.height:
        raise ImageRejectedError(
            f"{name}: it holds {data.size} bytes where step x height is {message.step * message.height}; "
            "publish complete images"
        )
    return data


@dataclass(frozen=True)
class _Unpadded:
    """A message without row padding, which rosbags-image requires."""

    height: int
    width: int
    encoding: str
    is_bigendian: bool
    data: NDArray[np.uint8]


def _by_rosbags_image(message: ImageMessage, name: str) -> GreyImage:
    remedy = f"publish one of {', '.join(_LAYOUTS)}"
    try:
        bits, colour, _, channels = to_cvtype(message.encoding)
        if colour is Format.GENERIC:  # nothing says what its channels or its full scale are
            raise ImageRejectedError(f"{name}: the encoding does not say how it maps to grey; {remedy}")
        row_bytes = message.width * channels * bits // 8
        data = _rows(message, row_bytes, name)[: message.step * message.height]
        rows = np.ascontiguousarray(data.reshape(message.height, message.step)[:, :row_bytes])
        unpadded = _Unpadded(
            message.height, message.width, message.encoding, bool(message.is_bigendian) and bits > 8, rows
        )
        grey = image_to_cvimage(unpadded, "mono8")  # type: ignore[arg-type]
    except (ImageError, cv2.error) as error:
        raise ImageRejectedError(f"{name}: the encoding cannot be converted to grey; {remedy}") from error
    if grey.shape != (message.height, message.width):  # planar encodings, whose planes lie one below another
        raise ImageRejectedError(f"{name}: the encoding cannot be converted to grey; {remedy}")
    return np.ascontiguousarray(grey, dtype=np.uint8)
