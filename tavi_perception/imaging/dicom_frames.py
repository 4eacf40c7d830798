"""Where the frames of a DICOM file lie, by what is there and not only by what its header states."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from struct import unpack
from typing import BinaryIO

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import UID, RLELossless

from tavi_perception.imaging.source import SourceError

Span = tuple[int, int]
"""Offset in the file and length (bytes)."""

Frames = tuple[tuple[Span, ...], ...]
"""The spans of every frame; several where a frame is encapsulated in several fragments."""

MAX_FRAMES = 100_000
"""Of a file: nearly two hours at 15 frames/s."""

_ITEM = (0xFFFE, 0xE000)
_UNDEFINED = 0xFFFFFFFF
_CODESTREAM_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")
"""First bytes of a JPEG or JPEG-LS, a JPEG 2000 codestream and a JPEG 2000 file."""


def locate_frames(
    file: BinaryIO, size: int, stated_length: int, header: Dataset, syntax: UID, name: str
) -> tuple[Frames, tuple[str, ...]]:
    """The frames of pixel data that starts at the file's position, and what the user should know.

    Native frames are counted by the length of the pixel data, encapsulated ones by the starts of their
    codestreams and by the offset tables. ``header.NumberOfFrames`` becomes the number of frames.

    Args:
        file: at the first byte of the pixel data's value.
        size: of the file (bytes).
        stated_length: of the pixel data (bytes), as its element states it.
        header: the image's elements.
        syntax: how the pixels are encoded.
        name: what the user knows the file by.

    Raises:
        SourceError: fewer frames are there than the header or the pixel data itself states.
    """
    stated, wording = _stated_count(header)
    header.NumberOfFrames = 1
    notes: list[str] = []
    if syntax.is_encapsulated:
        spans = _encapsulated(file, header, syntax, stated)
        expected = max(stated or 0, len(spans))
        _check_count(len(spans), name)
        whole = tuple(frame for frame in spans if all(start + length <= size for start, length in frame))
    else:
        start, frame_bytes = file.tell(), _frame_bytes(header, stated, stated_length, notes)
        held = size - start if stated_length == _UNDEFINED else stated_length
        expected = max(stated or 0, held // frame_bytes, 1)
        readable = min(expected, max(size - start, 0) // frame_bytes)
        _check_count(readable, name)
        whole = tuple(((start + index * frame_bytes, frame_bytes),) for index in range(readable))
    if len(whole) < expected:
        raise SourceError(
            f"{name}: it is truncated, {len(whole)} of {expected} frames can be read; "
            "copy or export the file again"
        )
    if len(whole) != stated and (wording or len(whole) > 1):
        notes.append(f"{wording or 'it states no number of frames'}: all {len(whole)} that it holds are used")
    header.NumberOfFrames = len(whole)
    return whole, tuple(notes)


def _check_count(count: int, name: str) -> None:
    """Refuses what would fill the memory with frames of a few bytes."""
    if count > MAX_FRAMES:
        raise SourceError(
            f"{name}: it holds {count} frames, more than any recording; export the file again, or in parts"
        )


def _stated_count(header: Dataset) -> tuple[int | None, str]:
    """The number of frames that the header states, where it is one; and how to tell of it."""
    try:
        value = header.get("NumberOfFrames")
        count = int(value) if value not in (None, "") else None
    except Exception:  # pydicom parses on access and raises whatever the bytes lead to
        return None, "its number of frames cannot be read"
    if count is None:
        return None, ""
    return (count if count > 0 else None), f"it states {count} frame{'' if count == 1 else 's'}"


def _frame_bytes(header: Dataset, stated: int | None, length: int, notes: list[str]) -> int:
    """Bytes of a native frame; colours that are stated as subsampled and are not, become YBR_FULL."""
    frame_bytes = max(get_expected_length(header), 1)
    if header.get("PhotometricInterpretation") == "YBR_FULL_422":
        full = frame_bytes // 2 * 3
        if length - length % 2 == (stated or 1) * full // 2 * 2:
            header.PhotometricInterpretation = "YBR_FULL"
            notes.append("its pixels are YBR_FULL where its header states YBR_FULL_422")
            return full
    return frame_bytes


def _encapsulated(file: BinaryIO, header: Dataset, syntax: UID, stated: int | None) -> Frames:
    """Fragments by frames: cut where codestreams start or, where that finds more, by the offset table."""
    items = list(_items(file))
    if not items:
        return ()
    (table_at, table_bytes), fragments = items[0], items[1:]
    file.seek(table_at)
    offsets = np.frombuffer(file.read(table_bytes // 4 * 4), "<u4").tolist()
    extended = header.get("ExtendedOffsetTable")
    if isinstance(extended, bytes):
        offsets = np.frombuffer(extended[: len(extended) // 8 * 8], "<u8").tolist()
    by_start = _grouped(fragments, _codestream_starts(file, fragments, syntax))
    by_table: Frames = ()
    if fragments:
        known = {start - fragments[0][0]: index for index, (start, _) in enumerate(fragments)}
        by_table = _grouped(fragments, [known[offset] for offset in offsets if offset in known])
    if stated is not None and len(by_start) != stated:
        if len(by_table) < len(fragments) == stated and len(by_start) < stated:
            return tuple((fragment,) for fragment in fragments)
        return max(by_start, by_table, key=len)
    return by_start


def _items(file: BinaryIO) -> Iterator[Span]:
    """The items' values, the offset table's first; the last one may reach beyond the end of the file."""
    while len(head := file.read(8)) == 8:
        group, element, length = unpack("<HHL", head)
        if (group, element) != _ITEM:
            return
        yield file.tell(), length
        file.seek(length, 1)


def _codestream_starts(file: BinaryIO, fragments: Sequence[Span], syntax: UID) -> list[int]:
    if syntax == RLELossless:  # a frame is one fragment (PS3.5 section A.4.2)
        return list(range(len(fragments)))
    starts = []
    for index, (start, _) in enumerate(fragments):
        file.seek(start)
        if file.read(8).startswith(_CODESTREAM_STARTS):
            starts.append(index)
    return starts


def _grouped(fragments: Sequence[Span], starts: Collection[int]) -> Frames:
    """Fragments cut before each start; all of them are one frame where no start is known."""
    cuts = frozenset(starts)
    groups = accumulate(int(index in cuts and index > 0) for index in range(len(fragments)))
    frames: defaultdict[int, list[Span]] = defaultdict(list)
    for group, fragment in zip(groups, fragments, strict=True):
        frames[group].append(fragment)
    return tuple(map(tuple, frames.values()))
