"""Encoded images: their pages, and each page as a grey image."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.imaging.grey import ImageRejectedError, Picture, check_size, picture_from_array
from tavi_perception.imaging.pages import Page, pages_of

Encoded = bytes | bytearray | memoryview | NDArray[np.uint8]

_AS_DISPLAYED = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR
"""With every format's orientation tag obeyed; IMREAD_UNCHANGED obeys that of TIFF alone."""

MAX_WORK = 1 << 28
"""Pixels times scans of a JPEG: ten scans, as encoders make, of 5000x5000 px."""

MAX_BITS = 64
"""Of a pixel: four channels of 16 bits."""

_SILENT = 0
"""cv::utils::logging::LOG_LEVEL_SILENT."""


def first_picture(data: Encoded, name: str, bits_stored: int = 0) -> Picture:
    """The first page of a JPEG, PNG, TIFF, BMP or PGM of 8 or 16 bits, grey or colour, as a grey image.

    Args:
        data: the whole file; bytes behind the image do no harm.
        name: what the user knows it by, for messages.
        bits_stored: how many low bits of 16-bit pixels carry the grey level; 0: all, or those that the image
            states.

    Raises:
        ImageRejectedError: it is empty, truncated, not an image, or of a depth other than 8 or 16 bits.
    """
    buffer = np.frombuffer(data, np.uint8)
    buffer.flags.writeable = False  # it is the caller's
    if buffer.size == 0:
        raise ImageRejectedError(f"{name}: it is empty (0 bytes); give a complete image")
    return decode_page(next(pages_of(buffer)), name, bits_stored)


def decode_page(page: Page, name: str, bits_stored: int = 0) -> Picture:
    """A page as a grey image, turned as every viewer shows it.

    Raises:
        ImageRejectedError: it is truncated, not an image, or of a depth other than 8 or 16 bits.
    """
    _check_effort(page, name)
    pixels = _decoded(page)
    if pixels is None:
        raise ImageRejectedError(
            f"{name}: it is truncated or not an image that can be decoded ({page.data.size} bytes); "
            "give a complete JPEG, PNG, TIFF, BMP or PGM"
        )
    if page.signed:
        raise ImageRejectedError(f"{name}: its pixels are signed; give an image of 8 or 16 bits without sign")
    deep = pixels.dtype == np.uint16
    white, notes = _white(page, pixels) if deep or page.netpbm else (0, ())
    if page.turned:
        notes = (*notes, "it is turned as its orientation tag says, as viewers show it")
    bits = bits_stored + page.shift if bits_stored and deep else 0
    picture = picture_from_array(pixels, name, bits, white, inverted=page.inverted and deep)
    return Picture(picture.grey, picture.brightest, picture.white, notes)


def _check_effort(page: Page, name: str) -> None:
    """Refuses a page by its header, before a decoder takes the memory and time that it asks for.

    Raises:
        ImageRejectedError: it is larger than any image, or has many more scans than an encoder makes.
    """
    if page.pixels is not None or page.cut_off:
        return
    check_size(*page.size, name)
    if page.bits > MAX_BITS:
        raise ImageRejectedError(f"{name}: its pixels have {page.bits} bits; give 8 or 16 bits a channel")
    if page.work > 1 and page.work * page.size[0] * page.size[1] > MAX_WORK:
        raise ImageRejectedError(
            f"{name}: its {page.size[0]}x{page.size[1]} px are encoded in {page.work} scans, more than any "
            "encoder makes of an image of this size; encode it anew"
        )


def _white(page: Page, pixels: NDArray[np.generic]) -> tuple[int, tuple[str, ...]]:
    """The value that the page itself states to be white, 0 where it states none, and what to say of it."""
    if page.significant_bits:
        low = (1 << 16 - page.significant_bits) - 1
        largest = (1 << page.significant_bits) - 1
        levels = pixels.astype(np.uint16)
        if levels.max() > largest or not np.any(levels & low):
            return 0, ()  # in the high bits, as PNG asks
        return largest, (f"its {page.significant_bits} significant bits are the low ones of its pixels",)
    return page.white, ()


def _decoded(page: Page) -> NDArray[np.generic] | None:
    if page.pixels is not None:
        return page.pixels
    if page.cut_off:
        return None
    with _silent_opencv():
        try:
            return cv2.imdecode(_pointing_at(page), _AS_DISPLAYED)
        except cv2.error:
            return None


def _pointing_at(page: Page) -> NDArray[np.uint8]:
    """The data of a page; the header of a TIFF is made to point at its directory."""
    order = ">" if page.data[:1].tobytes() == b"M" else "<"
    pointer = np.frombuffer(np.array(page.offset, f"{order}u4").tobytes(), np.uint8)
    if not page.offset or np.array_equal(page.data[4:8], pointer):
        return page.data
    data = page.data if page.data.flags.writeable else page.data.copy()
    data[4:8] = pointer
    return data


@contextmanager
def _silent_opencv() -> Iterator[None]:
    """OpenCV prints its own account of a broken image; the error raised here says it once."""
    level = cv2.getLogLevel()
    cv2.setLogLevel(_SILENT)
    try:
        yield
    finally:
        cv2.setLogLevel(level)
