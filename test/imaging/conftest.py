"""Writes the DICOM files and image messages that the tests read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.uid import UID, ExplicitVRLittleEndian
from xa import xa_dataset

from fuzzing.targets.images import CompressedFields, ImageFields

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"

DicomWriter = Callable[..., Path]


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    """(48, 64) grey levels with both ends of the scale, smooth and rough parts."""
    image = np.random.default_rng(7).integers(0, 256, (48, 64), dtype=np.uint8)
    image[:16] = cv2.GaussianBlur(image[:16], (9, 9), 2)
    image[40, :4] = (0, 255, 1, 254)
    return image


@pytest.fixture
def write_dicom(tmp_path: Path) -> DicomWriter:
    """Writes an XA file of (rows, columns), (frames, rows, columns) or (rows, columns, 3) pixels.

    ``bits`` are stored of the pixels' container; ``compress`` names a transfer syntax to encode with;
    further keywords are DICOM elements, None leaves one out.
    """

    def write(
        pixels: NDArray[Any],
        name: str = "image.dcm",
        *,
        bits: int | None = None,
        compress: UID | None = None,
        syntax: UID = ExplicitVRLittleEndian,
        **elements: Any,
    ) -> Path:
        dataset = xa_dataset(pixels, bits, syntax)
        for keyword, value in elements.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        if compress is not None:
            dataset.compress(compress, generate_instance_uid=False)
        path = tmp_path / name
        dataset.save_as(path, enforce_file_format=True)
        return path

    return write


@pytest.fixture
def cine() -> Path:
    """The real XA cine: 96 frames 512x512, JPEG baseline, 33 ms, -32/2 degrees, uncalibrated."""
    return _reference("coronary_xa_cine_96f.dcm")


@pytest.fixture
def positioning_frame() -> Path:
    """The real TAVI frame, 749 wide and 752 high."""
    return _reference("tavi_positioning_frame.png")


def _reference(name: str) -> Path:
    path = REFERENCE / name
    if not path.is_file():
        pytest.skip(f"{name} is not here")
    return path


@pytest.fixture
def image_message() -> Callable[..., ImageFields]:
    """Makes an image message of (H, W[, C]) pixels, with ``padding`` bytes after each row."""

    def make(
        pixels: NDArray[Any], encoding: str, *, padding: int = 0, big_endian: bool = False
    ) -> ImageFields:
        ordered = pixels.astype(pixels.dtype.newbyteorder(">" if big_endian else "<"))
        rows = np.frombuffer(ordered.tobytes(), np.uint8).reshape(pixels.shape[0], -1)
        padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=0xA5)
        return ImageFields(*pixels.shape[:2], encoding, int(big_endian), padded.shape[1], padded.tobytes())

    return make


@pytest.fixture
def compressed_message() -> Callable[..., CompressedFields]:
    """Makes a compressed image message of pixels."""

    def make(pixels: NDArray[Any], kind: str = "png") -> CompressedFields:
        return CompressedFields(kind, cv2.imencode(f".{kind}", pixels)[1].tobytes())

    return make
