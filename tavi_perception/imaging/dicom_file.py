"""Reads DICOM headers and pixels, and says in one sentence what is wrong with a file."""

from __future__ import annotations

import logging
import warnings
import zlib
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from struct import unpack
from typing import Any, BinaryIO

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from tavi_perception.imaging.bounded_file import BoundedFile
from tavi_perception.imaging.dicom_codestream import believe_codestream, check_codestream
from tavi_perception.imaging.dicom_frames import Frames, Span, locate_frames
from tavi_perception.imaging.dicom_values import damage_reported, number, text
from tavi_perception.imaging.grey import MAX_SIDE
from tavi_perception.imaging.source import SourceError, shown

logging.getLogger("pydicom").addHandler(logging.NullHandler())
"""pydicom logs a traceback for every frame that it cannot decode; the errors raised here say it once."""

MAX_INFLATED = 256 << 20
"""Bytes of a file that is compressed as a whole: 1,000 frames of 512x512 px."""

_PIECE = 1 << 20
_PIXEL_DATA = 0x7FE00010
_FUNCTIONAL_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")


class NoImageError(SourceError):
    """No DICOM image, but a report, a directory, a document.

    Attributes:
        known: it is at least a DICOM object.
    """

    def __init__(self, message: str, *, known: bool = True) -> None:
        super().__init__(message)
        self.known = known


@dataclass(frozen=True)
class DicomFile:
    """A DICOM image whose header was read and whose pixel data is complete.

    Attributes:
        path: the file.
        header: all its elements before the pixels; those of functional groups (enhanced objects, shared
            ones first, then the first frame's) are repeated at the top level. What the pixel data
            contradicts is corrected.
        syntax: how the pixels are encoded.
        frames: where the frames lie.
        pixel_bytes: the pixel data, where the file as a whole is compressed (deflated).
        swapped: bytes come in pairs, the second first.
        depth: of the codestreams (bits); 0 where there are none or it is not known.
        notes: what the header says otherwise than the pixel data.
    """

    path: Path
    header: Dataset
    syntax: UID
    frames: Frames
    pixel_bytes: bytes | None
    swapped: bool
    depth: int = 0
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return shown(self.path)

    def pixels(self, index: int) -> NDArray[Any]:
        """A frame as stored: (rows, columns) or (rows, columns, samples), YBR already RGB.

        Unused bits are not touched.

        Raises:
            SourceError: the frame cannot be decoded.
        """
        what = f"frame {index + 1} of {len(self.frames)} cannot be decoded"
        with damage_reported(self.name, what), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd but decodable codestreams
            options: dict[str, Any] = as_pixel_options(
                self.header, number_of_frames=1, pixel_keyword="PixelData", correct_unused_bits=False
            )
            options.pop("extended_offsets", None)
            encoded = self.encoded(index)
            check_codestream(encoded, self.syntax, self.header)
            if self.syntax.is_encapsulated:
                encoded = encapsulate([encoded], has_bot=False)
            pixels, _ = get_decoder(self.syntax).as_array(encoded, index=0, **options)
        return pixels

    def encoded(self, index: int) -> bytes:
        """The bytes of a frame."""
        with self.path.open("rb") if self.pixel_bytes is None else BytesIO(self.pixel_bytes) as file:
            return b"".join(_read(file, span, self.swapped) for span in self.frames[index])


def open_dicom(path: Path) -> DicomFile:
    """Reads the header and checks, without decoding, that every frame is there.

    Raises:
        NoImageError: a DICOM object without an image, or no DICOM file.
        SourceError: damaged, truncated, or in an encoding that cannot be decoded.
    """
    name = shown(path)
    with (
        damage_reported(name, "its DICOM header cannot be read"),
        BoundedFile(path) as file,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # odd but readable values
        _check_deflated(file, name)
        header = pydicom.dcmread(file, stop_before_pixels=True, force=True)
        pixels_at = file.tell()
        _check_is_image(header, name)
        syntax = _transfer_syntax(header)
        _check_decoder(syntax, name)
        pixel_bytes = None
        if syntax == DeflatedExplicitVRLittleEndian:
            pixel_bytes = _inflated_pixels(path, name)
            source: BinaryIO = BytesIO(pixel_bytes)
            length, vr = len(pixel_bytes), b"OW"
        else:
            source = file
            length, vr = _at_pixels(file, pixels_at, syntax, name)
        start = source.tell()
        size = source.seek(0, 2)
        source.seek(start)
        frames, notes = locate_frames(source, size, length, header, syntax, name)
        _repeat_functional_groups(header)
        swapped = vr == b"OW" and not syntax.is_little_endian and number(header, "BitsAllocated") == 8
        opened = DicomFile(path, header, syntax, frames, pixel_bytes, swapped, notes=notes)
        if not syntax.is_encapsulated:
            return opened
        depth, contradicted = believe_codestream(header, opened.encoded(0), syntax)
        _check_matrix(header, name)
    return replace(opened, depth=depth, notes=(*notes, *contradicted))


def is_directory(header: Dataset) -> bool:
    """Whether it is that of a DICOMDIR."""
    return text(header, "MediaStorageSOPClassUID") == MediaStorageDirectoryStorage


def _read(file: BinaryIO, span: Span, swapped: bool) -> bytes:
    start, length = span
    before = start % 2 if swapped else 0
    file.seek(start - before)
    data = file.read(before + length + (before + length) % 2 * swapped)
    if swapped:
        data = np.frombuffer(data, "u2").byteswap().tobytes()
    return data[before : before + length]


def _check_deflated(file: BinaryIO, name: str) -> None:
    """Refuses a file that is compressed as a whole and becomes too large; leaves ``file`` at its start.

    pydicom inflates all of it at once.
    """
    read_preamble(file, force=True)
    deflated = _read_file_meta_info(file).get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
    if not deflated:
        file.seek(0)
        return
    inflater, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while (packed := file.read(_PIECE)) and not inflater.eof:
        while packed and size <= MAX_INFLATED:
            size += len(inflater.decompress(packed, _PIECE))
            packed = inflater.unconsumed_tail
    file.seek(0)
    if size > MAX_INFLATED:
        raise SourceError(
            f"{name}: inflated it has more than {MAX_INFLATED >> 20} MiB; export it without compression"
        )


def _inflated_pixels(path: Path, name: str) -> bytes:
    with BoundedFile(path) as file:
        pixels = pydicom.dcmread(file).get("PixelData")
    if not isinstance(pixels, bytes):
        raise SourceError(f"{name}: it holds no integer pixel data; give a DICOM image (XA or RF)")
    return pixels


def _at_pixels(file: BinaryIO, pixels_at: int, syntax: UID, name: str) -> tuple[int, bytes]:
    """Moves to the pixel data's value; its stated length (bytes) and its VR."""
    file.seek(pixels_at)
    start = file.read(12)
    if len(start) < 12:
        raise SourceError(f"{name}: it ends before any pixel data; copy the file again")
    order = "<" if syntax.is_little_endian else ">"
    group, element = unpack(f"{order}HH", start[:4])
    if group << 16 | element != _PIXEL_DATA:
        raise SourceError(f"{name}: it holds no integer pixel data; give a DICOM image (XA or RF)")
    if syntax.is_implicit_VR:
        file.seek(pixels_at + 8)
        return unpack(f"{order}L", start[4:8])[0], b"OW"
    return unpack(f"{order}L", start[8:])[0], start[4:6]


def _check_is_image(header: Dataset, name: str) -> None:
    rows, columns = number(header, "Rows"), number(header, "Columns")
    if rows is None or columns is None:
        if "SOPClassUID" in header:
            raise NoImageError(
                f"{name}: it is a DICOM object without an image; give a DICOM image (XA or RF)"
            )
        if is_directory(getattr(header, "file_meta", Dataset())):
            raise NoImageError(f"{name}: it is a DICOMDIR, which lists images; give one that it lists")
        raise NoImageError(f"{name}: it is not a DICOM file; give a DICOM image (XA or RF)", known=False)
    _check_matrix(header, name)


def _check_matrix(header: Dataset, name: str) -> None:
    rows, columns = number(header, "Rows") or 0.0, number(header, "Columns") or 0.0
    if not (1 <= rows <= MAX_SIDE and 1 <= columns <= MAX_SIDE):
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


def _repeat_functional_groups(header: Dataset) -> None:
    for keyword in _FUNCTIONAL_GROUPS:
        for macro in (header.get(keyword) or [Dataset()])[0]:
            for element in macro.value[0] if macro.VR == "SQ" and macro.value else ():
                if element.tag not in header:
                    header.add(element)
