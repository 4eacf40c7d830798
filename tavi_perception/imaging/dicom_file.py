"""Reads DICOM headers and pixels, and says in one sentence what is wrong with a file."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import unpack
from typing import Any, BinaryIO, cast

import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import parse_basic_offsets, parse_fragments
from pydicom.multival import MultiValue
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import get_expected_length, iter_pixels
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tavi_perception.imaging.grey import MAX_SIDE, MIN_SIDE
from tavi_perception.imaging.source import SourceError

logging.getLogger("pydicom").addHandler(logging.NullHandler())
"""pydicom logs a traceback for every frame that it cannot decode; the errors raised here say it once."""

_PIXEL_DATA = 0x7FE00010
_FUNCTIONAL_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")


@dataclass(frozen=True)
class DicomFile:
    """A DICOM image whose header was read and whose pixel data is complete.

    Attributes:
        path: the file.
        header: all its elements before the pixels; those of functional groups (enhanced objects, shared
            ones first, then the first frame's) are repeated at the top level.
        transfer_syntax: how the pixels are encoded.
        frame_count: number of frames.
    """

    path: Path
    header: Dataset
    transfer_syntax: UID
    frame_count: int

    def pixels(self) -> Iterator[NDArray[Any]]:
        """Frames as stored, one at a time: (rows, columns) or (rows, columns, samples), YBR already RGB.

        Unused bits are not touched.

        Raises:
            SourceError: a frame cannot be decoded.
        """
        deflated = self.transfer_syntax == DeflatedExplicitVRLittleEndian
        source: Path | Dataset = pydicom.dcmread(self.path) if deflated else self.path
        options: dict[str, Any] = {} if deflated else {"transfer_syntax_uid": self.transfer_syntax}
        decoded = cast("Generator[NDArray[Any]]", iter_pixels(source, correct_unused_bits=False, **options))
        with closing(decoded) as frames:
            for index in range(self.frame_count):
                what = f"frame {index + 1} of {self.frame_count} cannot be decoded"
                with damage_reported(self.path.name, what):
                    frame = next(frames)
                yield frame


def open_dicom(path: Path) -> DicomFile:
    """Reads the header and checks, without decoding, that every frame is there.

    Raises:
        SourceError: not a DICOM image, damaged, truncated, or in an encoding that cannot be decoded.
    """
    name = path.name
    with (
        damage_reported(name, "its DICOM header cannot be read"),
        path.open("rb") as file,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # odd but readable values
        header = pydicom.dcmread(file, stop_before_pixels=True, force=True)
        pixels_at = file.tell()
        _check_is_image(header, name)
        syntax = _transfer_syntax(header)
        _check_decoder(syntax, name)
        frame_count = _frame_count(header)
        if syntax != DeflatedExplicitVRLittleEndian:
            _check_complete(file, pixels_at, header, syntax, frame_count, name)
        _repeat_functional_groups(header)
    return DicomFile(path, header, syntax, frame_count)


def numbers(header: Dataset, keyword: str) -> tuple[float, ...]:
    """The values of a numeric element; empty where it is absent, empty or not a number."""
    try:
        value = header.get(keyword)
        if value is None:
            return ()
        values = value if isinstance(value, (MultiValue, list, tuple)) else [value]
        return tuple(float(item) for item in values)
    except Exception:  # pydicom parses on access and raises whatever the bytes lead to
        return ()


def number(header: Dataset, keyword: str) -> float | None:
    """The first value of a numeric element, if there is one."""
    return next(iter(numbers(header, keyword)), None)


def text(header: Dataset, keyword: str) -> str:
    """The value of a textual element in upper case; empty where it is absent."""
    try:
        return str(header.get(keyword) or "").strip().upper()
    except Exception:  # as above
        return ""


@contextmanager
def damage_reported(name: str, what: str) -> Iterator[None]:
    """Whatever the libraries raise on damaged bytes becomes one sentence."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:  # decoders document no closed set of exceptions
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise SourceError(f"{name}: {what} ({reason}); copy or export the file again") from error


def _check_is_image(header: Dataset, name: str) -> None:
    rows, columns = number(header, "Rows"), number(header, "Columns")
    if rows is None or columns is None:
        known = "SOPClassUID" in header
        reason = "a DICOM object without an image" if known else "not a DICOM file"
        raise SourceError(f"{name}: it is {reason}; give a DICOM image (XA or RF)")
    if not (MIN_SIDE <= rows <= MAX_SIDE and MIN_SIDE <= columns <= MAX_SIDE):
        raise SourceError(
            f"{name}: its matrix of {columns:g}x{rows:g} px is not that of an image; export the file again"
        )


def _transfer_syntax(header: Dataset) -> UID:
    stated = header.file_meta.get("TransferSyntaxUID") if hasattr(header, "file_meta") else None
    if stated:
        return UID(str(stated))
    implicit, little = header.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _check_decoder(syntax: UID, name: str) -> None:
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise SourceError(
            f"{name}: its transfer syntax {syntax.name} is not supported; export it uncompressed"
        ) from None
    if not decoder.is_available:
        raise SourceError(
            f"{name}: nothing installed decodes {syntax.name}; "
            "install pylibjpeg[all] or export the file uncompressed"
        )


def _frame_count(header: Dataset) -> int:
    count = number(header, "NumberOfFrames")
    return int(count) if count is not None and count >= 1 else 1


def _check_complete(
    file: BinaryIO, pixels_at: int, header: Dataset, syntax: UID, frame_count: int, name: str
) -> None:
    size = file.seek(0, 2)
    file.seek(pixels_at)
    start = file.read(4)
    if len(start) < 4:
        raise SourceError(f"{name}: it ends before any pixel data; copy the file again")
    group, element = unpack("<HH" if syntax.is_little_endian else ">HH", start)
    if group << 16 | element != _PIXEL_DATA:
        raise SourceError(f"{name}: it holds no integer pixel data; give a DICOM image (XA or RF)")
    file.seek(pixels_at + (8 if syntax.is_implicit_VR else 12))
    if syntax.is_encapsulated:
        readable = _encapsulated_frames(file, size, frame_count)
    else:
        readable = (size - file.tell()) * frame_count // max(get_expected_length(header), 1)
    if readable < frame_count:
        raise SourceError(
            f"{name}: it is truncated, {max(readable, 0)} of {frame_count} frames can be read; "
            "copy or export the file again"
        )


def _encapsulated_frames(file: BinaryIO, size: int, frame_count: int) -> int:
    """How many frames the file holds entirely; its position is at the basic offset table's item."""
    offsets = parse_basic_offsets(file)
    first = file.tell()
    try:
        _, starts = parse_fragments(file)
    except ValueError:  # the end of the file cuts an item's header
        return min(frame_count - 1, len(offsets) or frame_count - 1)
    ends = []
    for start in starts:
        file.seek(start + 4)
        ends.append(start + 8 + unpack("<L", file.read(4))[0])
    whole = [end for end in ends if end <= size]
    if len(whole) == len(starts) and len(starts) >= frame_count:
        return frame_count
    if len(offsets) == frame_count:  # a frame is whole if the next one starts within what is whole
        reached = whole[-1] - first if whole else 0
        return sum(offset <= reached for offset in offsets[1:])
    return min(len(whole), frame_count - 1)


def _repeat_functional_groups(header: Dataset) -> None:
    for keyword in _FUNCTIONAL_GROUPS:
        for macro in (header.get(keyword) or [Dataset()])[0]:
            for element in macro.value[0] if macro.VR == "SQ" and macro.value else ():
                if element.tag not in header:
                    header.add(element)
