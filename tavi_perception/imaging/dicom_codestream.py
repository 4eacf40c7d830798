"""What the codestream of a compressed DICOM image says of its pixels, which the header may contradict."""

from __future__ import annotations

from struct import unpack_from
from typing import Any

from pydicom.dataset import Dataset
from pydicom.pixels.utils import _get_jpg_parameters, get_j2k_parameters
from pydicom.uid import (
    UID,
    JPEG2000TransferSyntaxes,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
)

from tavi_perception.imaging.dicom_values import number

_ALWAYS_UNSIGNED = (JPEGBaseline8Bit, JPEGExtended12Bit)
"""PS3.5 section 8.2.1."""

_J2K_START = b"\xff\x4f\xff\x51"


def believe_codestream(header: Dataset, codestream: bytes, syntax: UID) -> tuple[int, tuple[str, ...]]:
    """Lets the header say what the codestream says; its depth (bits), and what the header said otherwise.

    A codestream that is deeper than BitsStored is no contradiction by itself: many are as deep as the
    container. The depth is 0 where it is not known.
    """
    found = _parameters(codestream, syntax)
    if not found or found["components"] not in (1, 3) or not 1 <= found["precision"] <= 16:
        return 0, ()
    wanted = {
        "SamplesPerPixel": found["components"],
        "Rows": found["height"],
        "Columns": found["width"],
        "PixelRepresentation": int(found.get("is_signed", False)),
        "BitsAllocated": max(int(number(header, "BitsAllocated") or 0), 8 if found["precision"] <= 8 else 16),
        "BitsStored": min(int(number(header, "BitsStored") or 16), found["precision"]),
    }
    if found["precision"] <= 8:
        wanted["BitsAllocated"] = 8
    if "is_signed" not in found and syntax not in _ALWAYS_UNSIGNED:
        del wanted["PixelRepresentation"]  # a lossless codestream keeps bit patterns, and the header says how
    differing = {key: value for key, value in wanted.items() if number(header, key) != value}
    told = [
        f"{key} {value} (header: {header.get(key)})"
        for key, value in differing.items()
        if key != "BitsAllocated" or found["precision"] > 8
    ]
    for key, value in differing.items():
        setattr(header, key, value)
    if "BitsStored" in differing:
        header.HighBit = wanted["BitsStored"] - 1
    if "SamplesPerPixel" in differing:
        colour = "RGB" if syntax in JPEG2000TransferSyntaxes else "YBR_FULL_422"
        header.PhotometricInterpretation = colour if found["components"] == 3 else "MONOCHROME2"
        header.PlanarConfiguration = 0
    notes = (f"its compressed pixels contradict its header and are believed: {', '.join(told)}",)
    return found["precision"], notes if told else ()


def check_codestream(codestream: bytes, syntax: UID, header: Dataset) -> None:
    """Refuses a frame whose codestream is for another matrix than the header, before it is decoded.

    Decoders take as much memory as the codestream asks for.

    Raises:
        ValueError: the sizes differ.
    """
    found = _parameters(codestream, syntax)
    stated = number(header, "Columns"), number(header, "Rows")
    if found and (found["width"], found["height"]) != stated:
        raise ValueError(f"it has {found['width']}x{found['height']} px, not {stated[0]:g}x{stated[1]:g}")


def _parameters(codestream: bytes, syntax: UID) -> dict[str, Any]:
    """precision, width, height, components and, for JPEG 2000, is_signed; empty where they are not known."""
    if syntax in JPEG2000TransferSyntaxes:
        found = get_j2k_parameters(codestream)
        at = codestream.find(_J2K_START)
        if not found or len(codestream) < at + 42:
            return {}
        right, bottom, left, top = unpack_from(">4L", codestream, at + 8)
        (components,) = unpack_from(">H", codestream, at + 40)
        return {**found, "width": right - left, "height": bottom - top, "components": components}
    if syntax in JPEGTransferSyntaxes or syntax in JPEGLSTransferSyntaxes:
        return _get_jpg_parameters(codestream)
    return {}
