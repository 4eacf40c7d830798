"""How stored DICOM pixel values become grey levels: one fixed curve for all frames of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_windowing

from tavi_perception.imaging.dicom_depth import bit_patterns, stored_depth
from tavi_perception.imaging.dicom_file import DicomFile
from tavi_perception.imaging.dicom_values import number, text
from tavi_perception.imaging.grey import grey_from_array
from tavi_perception.imaging.source import GreyImage, SourceError

_FULL_SCALE = 65535.0

_LEAST_SHOWN = 0.25
"""Share of the grey levels that a window shows at least of all values that pixels can have."""

_FEW_VALUES, _LEAST_BETWEEN = 16, 0.02
"""An image of more values than this has at least this share of its pixels neither black nor white."""


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
        patterns = bit_patterns(pixels, self.curve.size)
        if patterns.dtype == np.uint8:
            return np.asarray(cv2.LUT(patterns, self.curve), dtype=np.uint8)
        return np.asarray(np.take(self.curve, patterns), dtype=np.uint8)


def check_pixels(header: Dataset, name: str) -> None:
    """Refuses pixels that cannot become grey levels, before they are decoded.

    Raises:
        SourceError: pixels of another depth or kind than 8 to 16 bits grey or colour.
    """
    photometric = text(header, "PhotometricInterpretation")
    allocated = int(number(header, "BitsAllocated") or 0)
    if allocated not in (8, 16):
        raise SourceError(f"{name}: its pixels have {allocated} bits allocated; export it with 8 or 16")
    if not _is_colour(header) and photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise SourceError(f"{name}: its pixels are {photometric or 'undescribed'}; export it as grey levels")
    stored_depth(header, allocated, name)


def grey_mapping(
    file: DicomFile, sample: Sequence[NDArray[Any]], bits_stored: int | None = None
) -> GreyMapping:
    """The curve that a viewer would start with.

    Modality LUT or rescale, then the first VOI LUT or window, then MONOCHROME1 inverted. Without VOI LUT
    and window, or where the window shows nothing of the pixels, the whole range of BitsStored becomes
    0…255. Padding (PixelPaddingValue) becomes black. The Modality LUT of XA and RF images is left out: it
    leads back to the beam's intensity, for subtraction, not for display (DICOM PS3.3 section C.8.7.1.1.2).

    Args:
        file: the image.
        sample: some decoded frames, for what values occur.
        bits_stored: instead of BitsStored, where no window applies.

    Raises:
        SourceError: the given bits do not fit.
    """
    header, name = file.header, file.name
    photometric = text(header, "PhotometricInterpretation")
    allocated = int(number(header, "BitsAllocated") or 0)
    if _is_colour(header):
        return GreyMapping(name, header, None, ("its colours are shown as grey",))
    notes: list[str] = []
    patterns = [bit_patterns(pixels, 1 << allocated) for pixels in sample]
    depth = stored_depth(header, allocated, name)
    stated = depth.beyond(patterns, header, file.depth, notes)
    given = depth.given(bits_stored, name) if bits_stored is not None else None
    stored = stated.values()
    occurring = np.bincount(np.concatenate([p.ravel() for p in patterns]), minlength=1 << allocated)
    levels = _voi(*_modality(stored, header), occurring, header, notes)
    if levels is None:
        used = given or stated
        stored = used.values()
        values, low, high = _modality(stored, header)
        levels = (values - low) / ((high - low) or 1.0)
        used.note_range(stored, occurring, notes)
    elif given is not None:
        notes.append(f"the given {bits_stored} stored bits are not used: its own window says what is shown")
    if photometric == "MONOCHROME1":
        levels = 1.0 - levels
    curve = np.rint(np.clip(levels, 0.0, 1.0) * 255.0).astype(np.uint8)
    curve[_padding(stored, header)] = 0
    return GreyMapping(name, header, curve, tuple(notes))


def _is_colour(header: Dataset) -> bool:
    photometric = text(header, "PhotometricInterpretation")
    return number(header, "SamplesPerPixel") == 3 or photometric == "PALETTE COLOR"


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
    values: NDArray[Any], low: float, high: float, occurring: NDArray[Any], header: Dataset, notes: list[str]
) -> NDArray[np.float64] | None:
    """0…1 of values that lie in low…high by VOI LUT or window; None where none is usable."""
    try:
        table = header.get("VOILUTSequence")
        if table and "LUTData" in table[0]:
            levels, full_scale = _look_up(table[0], values)
            return levels / full_scale
        if number(header, "WindowWidth") is not None and number(header, "WindowCenter") is not None:
            with np.errstate(over="ignore"):
                levels = np.asarray(apply_windowing(values, _window(header)) / _FULL_SCALE)
            if not np.isfinite(levels).all():
                notes.append("its window is not finite and ignored")
            elif _shows_nothing(levels, occurring):
                notes.append(
                    f"its window (centre {number(header, 'WindowCenter'):g}, "
                    f"width {number(header, 'WindowWidth'):g}) does not fit its pixel values and is ignored"
                )
            else:
                return levels
    except Exception as error:  # pydicom raises whatever a broken table or window leads to
        notes.append(f"its VOI LUT or window is ignored ({error})")
    if number(header, "BitsStored") != 8:
        notes.append("it names no usable window: the whole range of its pixel values is shown")
    return None


def _shows_nothing(levels: NDArray[np.float64], occurring: NDArray[Any]) -> bool:
    """Whether a window makes an image that has grey levels all black or white, or is far wider than they."""
    if np.ptp(levels) < _LEAST_SHOWN:
        return True
    between = (levels > 1 / 255) & (levels < 1 - 1 / 255)
    varied = np.count_nonzero(occurring) > _FEW_VALUES
    return varied and occurring[between].sum() < _LEAST_BETWEEN * occurring.sum()


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


def _padding(stored: NDArray[np.int64], header: Dataset) -> NDArray[np.bool_]:
    """Which bit patterns are padding (PS3.3 section C.7.5.1.1.2)."""
    value, limit = number(header, "PixelPaddingValue"), number(header, "PixelPaddingRangeLimit")
    if value is None:
        return np.zeros(stored.shape, dtype=np.bool_)
    ends = sorted((value, value if limit is None else limit))
    within = (stored >= ends[0]) & (stored <= ends[1])
    return np.asarray(within | (np.arange(stored.size) == int(value) % stored.size), dtype=np.bool_)
