"""How stored DICOM pixel values become grey levels: one fixed curve for all frames of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_windowing

from tavi_perception.imaging.dicom_file import number, text
from tavi_perception.imaging.grey import grey_from_array
from tavi_perception.imaging.source import GreyImage, SourceError

_FULL_SCALE = 65535.0


@dataclass(frozen=True)
class GreyMapping:
    """From stored pixels to grey levels, the same for every frame, so that grey does not flicker.

    Attributes:
        name: what the user knows the file by.
        header: the file's header, for its palette.
        curve: (256,) or (65536,) grey level of every stored bit pattern; None for colour images.
        notes: what the user should know.
    """

    name: str
    header: Dataset
    curve: NDArray[np.uint8] | None
    notes: tuple[str, ...]

    def __call__(self, pixels: NDArray[Any]) -> GreyImage:
        """(rows, columns) C-contiguous uint8 of a decoded frame.

        Raises:
            ImageRejectedError: a colour image of a depth other than 8 or 16 bits.
        """
        if self.curve is None:
            if text(self.header, "PhotometricInterpretation") == "PALETTE COLOR":
                pixels = apply_color_lut(pixels, self.header)
            stored = int(number(self.header, "BitsStored") or 0) if pixels.dtype == np.uint16 else 0
            return grey_from_array(pixels[..., 2::-1], self.name, stored)
        native = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))
        patterns = native.view(f"u{native.dtype.itemsize}")
        if patterns.dtype == np.uint8:
            return np.asarray(cv2.LUT(patterns, self.curve), dtype=np.uint8)
        return np.asarray(np.take(self.curve, patterns), dtype=np.uint8)


def grey_mapping(header: Dataset, name: str) -> GreyMapping:
    """The curve that a viewer would start with.

    Modality LUT or rescale, then the first VOI LUT or window, then MONOCHROME1 inverted. Without VOI LUT
    and window, the whole range of BitsStored becomes 0…255. Padding (PixelPaddingValue) becomes black. The
    Modality LUT of XA and RF images is left out: it leads back to the beam's intensity, for
    subtraction, not for display (DICOM PS3.3 section C.8.7.1.1.2).

    Raises:
        SourceError: pixels of another depth or kind than 8 to 16 bits grey or colour.
    """
    notes: list[str] = []
    photometric = text(header, "PhotometricInterpretation")
    allocated = int(number(header, "BitsAllocated") or 0)
    if allocated not in (8, 16):
        raise SourceError(f"{name}: its pixels have {allocated} bits allocated; export it with 8 or 16")
    if number(header, "SamplesPerPixel") == 3 or photometric == "PALETTE COLOR":
        return GreyMapping(name, header, None, ("its colours are shown as grey",))
    if photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise SourceError(f"{name}: its pixels are {photometric or 'undescribed'}; export it as grey levels")
    pattern, stored = _stored_values(header, allocated, name)
    levels = _voi(*_modality(stored, header), header, notes)
    if photometric == "MONOCHROME1":
        levels = 1.0 - levels
    curve = np.rint(np.clip(levels, 0.0, 1.0) * 255.0).astype(np.uint8)
    curve[_padding(pattern, stored, header)] = 0
    return GreyMapping(name, header, curve, tuple(notes))


def _stored_values(header: Dataset, allocated: int, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every bit pattern of an allocated pixel, and the stored value it means (PS3.5 section 8.1.1)."""
    bits = int(number(header, "BitsStored") or allocated)
    high = number(header, "HighBit")
    shift = 0 if high is None else int(high) + 1 - bits
    if not 1 <= bits <= allocated or not 0 <= shift <= allocated - bits:
        raise SourceError(
            f"{name}: {bits} stored bits (high bit {high}) do not fit into {allocated}; export the file again"
        )
    pattern = np.arange(1 << allocated, dtype=np.int64)
    stored = (pattern >> shift) & ((1 << bits) - 1)
    if number(header, "PixelRepresentation") == 1:
        stored -= (stored >> (bits - 1)) << bits
    return pattern, stored


def _modality(stored: NDArray[np.int64], header: Dataset) -> tuple[NDArray[Any], float, float]:
    """Values after the modality's transformation, and the range they can have."""
    table = header.get("ModalityLUTSequence")
    if table and text(header, "Modality") not in ("XA", "RF"):
        values, full_scale = _look_up(table[0], stored)
        return values, 0.0, full_scale
    slope, intercept = number(header, "RescaleSlope"), number(header, "RescaleIntercept")
    if slope and intercept is not None and np.isfinite(slope) and np.isfinite(intercept):
        values = np.asarray(stored * slope + intercept, dtype=np.float64)
    else:
        values = stored.astype(np.float64)
    return values, float(values.min()), float(values.max())


def _voi(
    values: NDArray[Any], low: float, high: float, header: Dataset, notes: list[str]
) -> NDArray[np.float64]:
    """0…1 of values that lie in low…high."""
    try:
        table = header.get("VOILUTSequence")
        if table and "LUTData" in table[0]:
            levels, full_scale = _look_up(table[0], values)
            return levels / full_scale
        if number(header, "WindowWidth") is not None and number(header, "WindowCenter") is not None:
            with np.errstate(over="ignore"):
                levels = np.asarray(apply_windowing(values, _window(header)) / _FULL_SCALE)
            if np.isfinite(levels).all():
                return levels
            notes.append("its window is not finite and ignored")
    except Exception as error:  # pydicom raises whatever a broken table or window leads to
        notes.append(f"its VOI LUT or window is ignored ({error})")
    if number(header, "BitsStored") != 8:
        notes.append("it names no usable window: the whole range of its pixel values is shown")
    return (values - low) / ((high - low) or 1.0)


def _window(header: Dataset) -> Dataset:
    """The first window, for output 0…65535 whatever the range of the values."""
    window = Dataset()
    window.PhotometricInterpretation = "MONOCHROME2"
    window.PixelRepresentation = 0
    window.BitsStored = 16
    window.WindowCenter = number(header, "WindowCenter")
    window.WindowWidth = number(header, "WindowWidth")
    window.VOILUTFunction = text(header, "VOILUTFunction") or "LINEAR"
    return window


def _look_up(item: Dataset, values: NDArray[Any]) -> tuple[NDArray[np.float64], float]:
    """Values by a LUT, and its full scale (PS3.3 section C.11.1.1.1).

    Not by pydicom, whose index overflows in LUTs of 8 bits.
    """
    entries, first, depth = item.LUTDescriptor
    entries = entries or 1 << 16
    data = item.LUTData
    if isinstance(data, bytes):
        order = ">" if item.original_encoding[1] is False else "<"
        data = np.frombuffer(data, f"{order}u{1 if len(data) < 2 * entries else 2}")
    table = np.asarray(data, dtype=np.float64)[:entries]
    index = np.clip(np.rint(values).astype(np.int64) - first, 0, table.size - 1)
    return table[index], float((1 << depth) - 1)


def _padding(pattern: NDArray[np.int64], stored: NDArray[np.int64], header: Dataset) -> NDArray[np.bool_]:
    """Which bit patterns are padding (PS3.3 section C.7.5.1.1.2)."""
    value, limit = number(header, "PixelPaddingValue"), number(header, "PixelPaddingRangeLimit")
    if value is None:
        return np.zeros(pattern.shape, dtype=np.bool_)
    ends = sorted((value, value if limit is None else limit))
    within = (stored >= ends[0]) & (stored <= ends[1])
    return np.asarray(within | (pattern == int(value) % pattern.size), dtype=np.bool_)
