"""Grey images of Netpbm (PGM, plain and raw), whose maxval OpenCV obeys in some of them only."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.imaging.grey import MAX_SIDE

_HEADER = re.compile(rb"P([25])" + 3 * rb"(?:\s|#[^\n]*\n)+(\d{1,9})" + rb"(?:\s|#[^\n]*\n)")
_LONGEST_HEADER = 4096
_MOST_DIGITS = 9
"""Of a grey level, which may have zeros in front."""


@dataclass(frozen=True)
class NetpbmImage:
    """An image as it is stored.

    Attributes:
        pixels: (H, W) uint8, or uint16 where ``white`` is above 255.
        white: its maxval.
        length: bytes of its encoding.
    """

    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    white: int
    length: int


def read_netpbm(data: NDArray[np.uint8]) -> NetpbmImage | None:
    """The PGM at the start of ``data``; None where there is no complete one."""
    header = _HEADER.match(data[:_LONGEST_HEADER].tobytes())
    if header is None:
        return None
    width, height, white = (int(number) for number in header.group(2, 3, 4))
    if not (0 < white <= 0xFFFF and 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        return None
    count, start = width * height, header.end()
    if header[1] == b"5":
        kind = np.dtype(np.uint8 if white < 256 else ">u2")
        end = start + count * kind.itemsize
        if end > data.size:
            return None
        levels = data[start:end].view(kind)
    else:
        if 2 * count > data.size - start + 1:  # each has a digit, and a space before the next
            return None
        numbers = data[start:].tobytes().split(maxsplit=count)[:count]
        if len(numbers) < count or not all(len(n) <= _MOST_DIGITS and n.isdigit() for n in numbers):
            return None
        levels, end = np.array(numbers, dtype=np.int64), data.size
    pixels = np.minimum(levels, white).astype(np.uint8 if white < 256 else np.uint16)
    return NetpbmImage(pixels.reshape(height, width), white, end)
