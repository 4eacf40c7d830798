"""Where the pictures of an encoded image lie, and what its header says of their grey levels.

OpenCV decodes one picture of a file and leaves to its callers: the further pages of a TIFF (TIFF 6.0), images
one after another (Motion JPEG), and the levels of a TIFF or PNG (sBIT) that fill less than their bits.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.imaging.netpbm import read_netpbm

_Buffer = NDArray[np.uint8]

_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
"""Chunks of PNG for the pictures of an animation after the first."""

_TIFF = (b"II*\0", b"MM\0*")
_NETPBM = (b"P5", b"P2")
_BMP = b"BM"
_BMP_CORE_HEADER = 12
"""Bytes of the oldest header, whose sides have 16 bits."""

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
_END_OF_IMAGE, _START_OF_SCAN, _APP1 = 0xD9, 0xDA, 0xE1
_EXIF = b"Exif\0\0"

_WIDTH, _HEIGHT, _SAMPLES, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 277, 322, 323
_SUBFILE, _BITS, _PHOTOMETRIC, _ORIENTATION, _MAX_SAMPLE, _SAMPLE_FORMAT, _S_MAX_SAMPLE = (
    254, 258, 262, 274, 281, 339, 341,
)  # fmt: skip
"""Tags of TIFF."""
_MIN_IS_WHITE, _SIGNED = 0, 2
_REDUCED, _MASK = 1, 4
"""Bits of NewSubfileType: a smaller copy of another page, a mask of one."""
_FORMATS = {1: "B", 3: "H", 4: "I"}
"""Integers of TIFF, as ``struct`` names them."""

_TAG_BYTES = 12

_LARGEST_GAP = 1024
"""Bytes between two images of a stream: padding, or a header as in multipart streams."""


@dataclass(frozen=True)
class Page:
    """One picture of a file.

    Attributes:
        data: what a decoder of single images reads.
        offset: of its directory, for TIFF: where the header of ``data`` is to point.
        pixels: (H, W) already decoded, for Netpbm.
        white: the value of white that the header states; 0 where it states none.
        significant_bits: of 16, as PNG's sBIT has it; 0 where it is not stated.
        shift: by how many bits the decoder shifts pixels up (TIFF of 10, 12 or 14 bits).
        inverted: the lowest value is white, which decoders do not mend in 16-bit pixels.
        signed: pixels have a sign.
        turned: an orientation tag turns or mirrors it.
        copy: it is a smaller copy or a mask of another page.
        animated: it is the first picture of an animation (APNG), whose others are not taken out.
        cut_off: the file ends before the page does.
        size: width and height (px), as a header states them that the decoder goes by; 0 where none does.
        work: times that a decoder goes over every pixel: the scans of a JPEG.
        bits: of a pixel with all its channels, for TIFF.
    """

    data: _Buffer
    offset: int = 0
    pixels: NDArray[np.generic] | None = None
    white: int = 0
    significant_bits: int = 0
    shift: int = 0
    inverted: bool = False
    signed: bool = False
    turned: bool = False
    copy: bool = False
    animated: bool = False
    cut_off: bool = False
    size: tuple[int, int] = (0, 0)
    work: int = 1
    bits: int = 0

    @property
    def netpbm(self) -> bool:
        return self.pixels is not None


def pages_of(buffer: _Buffer) -> Iterator[Page]:
    """The pictures of a file in their order, one at least; what is of no known format is cut off."""
    head = buffer[:8].tobytes()
    if head[:4] in _TIFF:
        yield from _tiff_pages(buffer)
    elif head[:3] == _JPEG:
        yield from _one_after_another(buffer, _JPEG, _jpeg_page)
    elif head == _PNG:
        yield from _one_after_another(buffer, _PNG, _png_page)
    elif head[:2] in _NETPBM:
        yield from _netpbm_pages(buffer)
    elif head[:2] == _BMP:
        yield _bmp_page(buffer)
    else:
        yield Page(buffer, cut_off=True)


def _one_after_another(
    buffer: _Buffer, signature: bytes, page_at: Callable[[_Buffer], tuple[Page, int]]
) -> Iterator[Page]:
    start = 0
    while start >= 0:
        page, length = page_at(buffer[start:])
        yield page
        end = start + length
        gap = buffer[end : end + _LARGEST_GAP].tobytes().find(signature)
        start = end + gap if gap >= 0 else -1


def _jpeg_page(buffer: _Buffer) -> tuple[Page, int]:
    """The JPEG at the start of the buffer, and its length; markers as in ITU-T T.81 annex B."""
    data, turned, size, scans = buffer.data, False, (0, 0), 0
    at = len(_JPEG) - 1
    while match := _JPEG_MARKER.search(data, at):
        marker, at = match[1][0], match.end()
        if marker == _END_OF_IMAGE:
            return Page(buffer[:at], turned=turned, size=size, work=scans), at
        if marker == _JPEG[1]:  # the next image begins
            return Page(buffer[: match.start()], turned=turned, cut_off=True), match.start()
        length = int.from_bytes(data[at : at + 2], "big")
        scans += marker == _START_OF_SCAN
        if marker in _START_OF_FRAME and at + 7 <= buffer.size:
            height, width = struct.unpack_from(">HH", data, at + 3)
            size = (max(size[0], width), max(size[1], height))
        if marker == _APP1 and bytes(data[at + 2 : at + 8]) == _EXIF:
            turned = _is_turned(bytes(data[at + 8 : at + length]))
        at += length
    return Page(buffer, turned=turned, cut_off=True), buffer.size


def _png_page(buffer: _Buffer) -> tuple[Page, int]:
    """The PNG at the start of the buffer, and its length.

    A chunk that is not whole cuts the page off: OpenCV makes room for all that it claims. What belongs to
    an animation is left out: OpenCV writes a frame to wherever its offset leads.
    """
    at, bits, significant, turned, size = len(_PNG), 0, 0, False, (0, 0)
    kept = [buffer[:at]]
    animated = False
    while at + 8 <= buffer.size:
        length, kind = struct.unpack(">I4s", buffer[at : at + 8].tobytes())
        chunk = buffer[at : at + length + 12]
        if chunk.size < length + 12:
            break
        body = chunk[8 : 8 + length]
        at += chunk.size
        if kind in _ANIMATION:
            animated = True
            continue
        kept.append(chunk)
        if kind == b"IHDR" and body.size > 8 and size == (0, 0):  # decoders go by the first
            bits = int(body[8])
            size = struct.unpack(">II", body[:8].tobytes())
        elif kind == b"sBIT" and body.size:
            significant = int(body.min())
        elif kind == b"eXIf":
            turned = _is_turned(body.tobytes())
        elif kind == b"IEND":
            significant = significant if bits == 16 and 8 <= significant < 16 else 0
            data = np.concatenate(kept) if animated else buffer[:at]
            page = Page(data, significant_bits=significant, turned=turned, animated=animated, size=size)
            return page, at
    return Page(buffer, cut_off=True), buffer.size


def _bmp_page(buffer: _Buffer) -> Page:
    """The BMP in the buffer, whose height is negative where its rows go down."""
    head = buffer[:26].tobytes()
    if len(head) < 26:
        return Page(buffer, cut_off=True)
    (header,) = struct.unpack_from("<I", head, 14)
    form = "<HH" if header == _BMP_CORE_HEADER else "<ii"
    width, height = struct.unpack_from(form, head, 18)
    return Page(buffer, size=(width, abs(height)))


def _netpbm_pages(buffer: _Buffer) -> Iterator[Page]:
    start = 0
    while start < buffer.size:
        image = read_netpbm(buffer[start:])
        if image is None:
            if start == 0 or buffer[start : start + 2].tobytes() in _NETPBM:
                yield Page(buffer[start:], cut_off=True)
            return
        yield Page(buffer[start : start + image.length], pixels=image.pixels, white=image.white)
        start += image.length


def _tiff_pages(buffer: _Buffer) -> Iterator[Page]:
    found = False
    for offset, tags in _directories(buffer):
        found = True
        if tags is None:
            yield Page(buffer, cut_off=True)
            return
        bits = tags.get(_BITS, 1)
        largest = max(tags.get(_MAX_SAMPLE, 0), tags.get(_S_MAX_SAMPLE, 0))
        fewer = bits == 16 and largest > 0xFF and largest & (largest + 1) == 0
        yield Page(
            buffer,
            offset=offset,
            white=largest if fewer else 0,
            shift=16 - bits if 8 < bits < 16 else 0,
            inverted=tags.get(_PHOTOMETRIC) == _MIN_IS_WHITE,
            signed=tags.get(_SAMPLE_FORMAT) == _SIGNED,
            turned=tags.get(_ORIENTATION, 1) not in (0, 1),
            copy=bool(tags.get(_SUBFILE, 0) & (_REDUCED | _MASK)),
            size=(
                max(tags.get(_WIDTH, 0), tags.get(_TILE_WIDTH, 0)),
                max(tags.get(_HEIGHT, 0), tags.get(_TILE_HEIGHT, 0)),
            ),
            bits=bits * tags.get(_SAMPLES, 1),
        )
    if not found:
        yield Page(buffer, cut_off=True)


def _directories(buffer: _Buffer) -> Iterator[tuple[int, dict[int, int] | None]]:
    """Offset of each image file directory, and the first value of each of its tags; None if cut off.

    Directories that lie within each other would be read again and again: more tags than the file has room for
    are not looked at.
    """
    order = ">" if buffer[0] == ord("M") else "<"
    data, seen = buffer.data, set[int]()
    at, room = 4, data.nbytes // _TAG_BYTES
    while True:
        try:
            (offset,) = struct.unpack_from(f"{order}I", data, at)
            if offset == 0 or offset in seen:
                return
            seen.add(offset)
            (count,) = struct.unpack_from(f"{order}H", data, offset)
            at, room = offset + 2 + _TAG_BYTES * count, room - count
            if room < 0:
                yield 0, None
                return
            tags = [_tag(data, order, offset + 2 + _TAG_BYTES * index) for index in range(count)]
            yield offset, dict(reversed(tags))  # of a tag that is there twice, decoders take the first
        except struct.error:
            yield 0, None
            return


def _tag(data: memoryview, order: str, at: int) -> tuple[int, int]:
    """A tag and its first value; 0 where that is no integer."""
    tag, kind, count = struct.unpack_from(f"{order}HHI", data, at)
    form = _FORMATS.get(kind)
    if form is None:
        return tag, 0
    inside = count * struct.calcsize(form) <= 4
    place = at + 8 if inside else struct.unpack_from(f"{order}I", data, at + 8)[0]
    return tag, struct.unpack_from(order + form, data, place)[0]


def _is_turned(exif: bytes) -> bool:
    _, tags = next(_directories(np.frombuffer(exif, np.uint8)), (0, None)) if len(exif) > 8 else (0, None)
    return tags is not None and tags.get(_ORIENTATION, 1) not in (0, 1)
