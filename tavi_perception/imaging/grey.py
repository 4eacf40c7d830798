"""From arrays and encoded images of any depth and colour to grey uint8 images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.imaging.source import GreyImage

MIN_SIDE = 2
"""Smallest width or height taken for an image (px): less has no extent to find anything in."""

MAX_SIDE = 8192
"""Largest width or height taken for an image (px); flat detectors have up to about 4,000."""

_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_JPEG_TAIL = 1024
"""Some encoders pad: the end marker is looked for in this many last bytes."""

_SILENT = 0
"""cv::utils::logging::LOG_LEVEL_SILENT."""

_TO_GREY = {3: cv2.COLOR_BGR2GRAY, 4: cv2.COLOR_BGRA2GRAY}


class ImageRejectedError(ValueError):
    """An image cannot be used; the message says what it is, why, and what to do, in one sentence."""


def grey_from_encoded(data: bytes | bytearray | memoryview | NDArray[np.uint8], name: str) -> GreyImage:
    """Decodes a JPEG, PNG, TIFF, BMP or PGM of 8 or 16 bits, grey or colour.

    Args:
        data: the whole file.
        name: what the user knows it by, for messages.

    Raises:
        ImageRejectedError: it is empty, truncated, not an image, or of a depth other than 8 or 16 bits.
    """
    buffer = np.frombuffer(data, np.uint8)
    if buffer.size == 0:
        raise ImageRejectedError(f"{name}: it is empty (0 bytes); give a complete image")
    cut = buffer[:3].tobytes() == _JPEG_START and _JPEG_END not in buffer[-_JPEG_TAIL:].tobytes()
    image = None
    if not cut:
        with _silent_opencv():
            try:
                image = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
            except cv2.error:
                image = None
    if image is None:
        raise ImageRejectedError(
            f"{name}: it is truncated or not an image that can be decoded ({buffer.size} bytes); "
            "give a complete JPEG, PNG, TIFF, BMP or PGM"
        )
    return grey_from_array(image, name)


def grey_from_array(image: NDArray[np.generic], name: str, bits_stored: int = 0) -> GreyImage:
    """(H, W) C-contiguous uint8 of a grey, BGR or BGRA image of uint8 or uint16; ITU-R BT.601 for colour.

    Args:
        image: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); a grey uint8 image is returned as it is.
        name: what the user knows it by, for messages.
        bits_stored: how many low bits carry the image; 0…2^bits − 1 become 0…255. 0: all of them.

    Raises:
        ImageRejectedError: another depth, another number of channels, or a size that no image has.
    """
    check_size(image.shape[1], image.shape[0], name)
    native_type = image.dtype.newbyteorder("=")
    if native_type not in (np.uint8, np.uint16):
        raise ImageRejectedError(f"{name}: its pixels are {image.dtype}; give an image of 8 or 16 bits")
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels != 1 and channels not in _TO_GREY:
        raise ImageRejectedError(f"{name}: it has {channels} channels; give a grey or colour image")
    native = np.ascontiguousarray(image, dtype=native_type)
    grey = cv2.cvtColor(native, _TO_GREY[channels]) if channels > 1 else native.reshape(native.shape[:2])
    depth = 8 * grey.dtype.itemsize
    full_scale = (1 << (bits_stored or depth)) - 1
    if depth == 8 and full_scale == 255:
        return np.asarray(grey, dtype=np.uint8)
    return np.asarray(cv2.convertScaleAbs(grey, alpha=255.0 / full_scale), dtype=np.uint8)


def check_size(width: int, height: int, name: str) -> None:
    """Refuses what is no image.

    Raises:
        ImageRejectedError: a side is not between ``MIN_SIDE`` and ``MAX_SIDE``.
    """
    if not (MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE):
        raise ImageRejectedError(
            f"{name}: its size is {width}x{height} px; give an image of {MIN_SIDE} to {MAX_SIDE} px a side"
        )


@contextmanager
def _silent_opencv() -> Iterator[None]:
    """OpenCV prints its own account of a broken image; the error raised here says it once."""
    level = cv2.getLogLevel()
    cv2.setLogLevel(_SILENT)
    try:
        yield
    finally:
        cv2.setLogLevel(level)
