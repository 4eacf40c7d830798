"""Areas that an annotation marks: polygons and bitmaps, as Supervisely writes them."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.imaging.grey import MAX_SIDE
from tavi_perception.imaging.pages import pages_of
from training.annotations.record import BrokenAnnotationError, items, point

LARGEST_SIDE = MAX_SIDE
"""Of a bitmap (px), as of an image."""

_LARGEST_PNG = 16 << 20
"""Bytes of a bitmap's PNG: 200 times what the areas of the public set take."""

_LARGEST_PICTURE = 1 << 28
"""Bytes that a bitmap's PNG may become when it is decoded."""

_BYTES_OF_A_PIXEL = 8
"""Four channels of 16 bits."""

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Region:
    """An area of an image, still as it was written.

    Attributes:
        origin: whole pixels (x, y) of the upper left corner of ``png``.
        png: a PNG file whose alpha (or grey level, without one) is more than 0 in the area; empty for a
            polygon.
        rings: of a polygon, each (n, 2) px as written: its outline, then its holes.
    """

    origin: tuple[int, int] = (0, 0)
    png: bytes = b""
    rings: tuple[NDArray[np.float64], ...] = ()

    def mask(self, width: int, height: int) -> NDArray[np.bool_]:
        """(height, width) where the area is; what lies beyond the image is cut off.

        Raises:
            BrokenAnnotationError: the PNG cannot be decoded.
        """
        mask = np.zeros((height, width), np.uint8)
        if self.rings:
            # Even-odd, so that rings after the first are holes.
            cv2.fillPoly(mask, [np.round(ring).astype(np.int32) for ring in self.rings], 1)
            return mask > 0
        patch = _decoded(self.png)
        x, y = self.origin
        left, top = max(x, 0), max(y, 0)
        right, bottom = min(x + patch.shape[1], width), min(y + patch.shape[0], height)
        if right > left and bottom > top:
            mask[top:bottom, left:right] = patch[top - y : bottom - y, left - x : right - x]
        return mask > 0


def bitmap_region(entry: Mapping[str, Any], title: str) -> Region:
    """The area of an object of geometry ``bitmap``: base64 of a zlib stream of a PNG.

    Raises:
        BrokenAnnotationError: it is something else.
    """
    bitmap = entry.get("bitmap")
    if not isinstance(bitmap, dict) or not isinstance(bitmap.get("data"), str):
        raise BrokenAnnotationError(f"object {title} is a bitmap without data")
    x, y = point(bitmap.get("origin"), f"the origin of {title}")
    if not (np.isfinite([x, y]).all() and max(abs(x), abs(y)) <= LARGEST_SIDE):
        raise BrokenAnnotationError(f"the bitmap of {title} has its origin at {x:g}, {y:g}")
    try:
        packed = base64.b64decode(bitmap["data"], validate=True)
    except (binascii.Error, ValueError):
        raise BrokenAnnotationError(f"the bitmap of {title} is not base64") from None
    region = Region((round(x), round(y)), _inflated(packed, title))
    try:
        _decoded(region.png)
    except BrokenAnnotationError as error:
        raise BrokenAnnotationError(f"the bitmap of {title} {error}") from None
    return region


def polygon_region(entry: Mapping[str, Any], title: str) -> Region:
    """The area of an object of geometry ``polygon``.

    Raises:
        BrokenAnnotationError: it is none.
    """
    points = entry.get("points")
    if not isinstance(points, dict):
        raise BrokenAnnotationError(f"object {title} is a polygon without points")
    outlines = [points.get("exterior"), *items(points.get("interior") or [], list, f"holes of {title}")]
    rings = [_ring(outline, title) for outline in outlines]
    return Region(rings=tuple(rings))


def _ring(outline: Any, title: str) -> NDArray[np.float64]:
    corners = [point(pair, f"a corner of {title}") for pair in items(outline, list, f"corners of {title}")]
    ring = np.array(corners, np.float64).reshape(-1, 2)
    if len(ring) < 3 or not np.isfinite(ring).all() or np.abs(ring).max() > LARGEST_SIDE:
        raise BrokenAnnotationError(f"object {title} is a polygon without three corners inside an image")
    return ring


def _inflated(packed: bytes, title: str) -> bytes:
    if packed.startswith(_PNG):  # as some tools write it
        return packed
    try:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(packed, _LARGEST_PNG)
    except zlib.error as error:
        raise BrokenAnnotationError(f"the bitmap of {title} cannot be unpacked ({error})") from None
    if not unpacker.eof:
        raise BrokenAnnotationError(f"the bitmap of {title} is cut off, or larger than any area's")
    return content


def _decoded(png: bytes) -> NDArray[np.uint8]:
    """(h, w) 1 in the area."""
    sides = (int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big"))
    if not png.startswith(_PNG) or not all(0 < side <= LARGEST_SIDE for side in sides):
        raise BrokenAnnotationError("is no PNG of an image's size")
    if sides[0] * sides[1] * _BYTES_OF_A_PIXEL > _LARGEST_PICTURE:
        raise BrokenAnnotationError(f"has {sides[0]}x{sides[1]} px, more than an image")
    page = next(pages_of(np.frombuffer(png, np.uint8)))
    picture = None if page.cut_off else cv2.imdecode(page.data, cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise BrokenAnnotationError("is a damaged PNG")
    # A palette with transparency is decoded to four channels, a PNG of one bit to grey levels.
    shown = picture[..., 3] if picture.ndim == 3 and picture.shape[2] == 4 else picture
    if shown.ndim == 3:
        shown = shown.max(axis=2)
    return (shown > 0).astype(np.uint8)
