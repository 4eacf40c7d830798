"""How many bits of a DICOM pixel carry the image: what the header states, and what the pixels show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from tavi_perception.imaging.dicom_values import number
from tavi_perception.imaging.source import SourceError

_OVERLAY_BIT_POSITION = 0x0102
_OVERLAY_GROUPS = range(0x6000, 0x6100, 2)


@dataclass(frozen=True)
class Depth:
    """Which bits of an allocated pixel carry its value (DICOM PS3.5 section 8.1.1).

    Attributes:
        allocated, bits: of a pixel, in all and those that carry its value.
        shift: bits below these.
        signed: the value is a two's complement.
        clipped: bits above belong to values that are too large, not to an overlay.
    """

    allocated: int
    bits: int
    shift: int
    signed: bool
    clipped: bool = False

    def values(self) -> NDArray[np.int64]:
        """The value of every bit pattern of an allocated pixel."""
        pattern = np.arange(1 << self.allocated, dtype=np.int64) >> self.shift
        if self.clipped:
            largest = (1 << self.bits) - 1
            if not self.signed:
                return np.minimum(pattern, largest)
            container = self.allocated - self.shift
            pattern -= (pattern >> (container - 1)) << container
            return np.clip(pattern, -(largest + 1) // 2, largest // 2)
        stored = pattern & ((1 << self.bits) - 1)
        if self.signed:
            stored -= (stored >> (self.bits - 1)) << self.bits
        return stored

    def beyond(
        self, sample: Sequence[NDArray[Any]], header: Dataset, codestream: int, notes: list[str]
    ) -> Depth:
        """The same, clipped where values in the sample exceed the stored bits, or as deep as the codestream.

        Bits above are an overlay where the header says so, or where the image is smoother without them.

        Args:
            sample: bit patterns of some frames.
            header: the image's elements, for its overlays.
            codestream: its depth (bits), 0 where there is none.
            notes: where it is said.
        """
        if self.bits + self.shift == self.allocated or _has_overlay_bits(header):
            return self
        clipped = replace(self, clipped=True)
        masking, clipping = self.values(), clipped.values()
        roughness = [sum(_roughness(curve[patterns]) for patterns in sample) for curve in (masking, clipping)]
        if roughness[1] >= roughness[0]:
            return self
        if self.bits < codestream <= self.allocated - self.shift:
            notes.append(
                f"its values have the {codestream} bits of its compressed pixels, not the {self.bits} that "
                "its header states"
            )
            return replace(self, bits=codestream)
        notes.append(
            f"some of its pixel values need more than the {self.bits} bits it states: they are clipped"
        )
        return clipped

    def given(self, bits: int, name: str) -> Depth:
        """The depth that the user states.

        Raises:
            SourceError: a pixel does not have these bits.
        """
        if not 1 <= bits <= self.allocated - self.shift:
            raise SourceError(
                f"{name}: {bits} stored bits do not fit into the {self.allocated} of its pixels; "
                f"give 1 to {self.allocated - self.shift}"
            )
        return replace(self, bits=bits, clipped=True)

    def note_range(self, stored: NDArray[np.int64], occurring: NDArray[Any], notes: list[str]) -> None:
        """Says where the image uses a small part of its range only.

        Args:
            stored: value of every bit pattern.
            occurring: how often every bit pattern occurs.
            notes: where it is said.
        """
        brightest = int(stored[occurring > 0].max())
        if self.bits > 8 and not self.signed and brightest < 1 << (self.bits - 2):
            notes.append(
                f"its brightest pixel is {brightest} of {(1 << self.bits) - 1}, so it is shown dark; if "
                f"fewer bits carry the image, state them (stored bits, {max(brightest.bit_length(), 8)} "
                "or more)"
            )


def stored_depth(header: Dataset, allocated: int, name: str) -> Depth:
    """What the header states.

    Raises:
        SourceError: the stored bits do not fit into a pixel.
    """
    bits = int(number(header, "BitsStored") or allocated)
    high = number(header, "HighBit")
    shift = 0 if high is None else int(high) + 1 - bits
    if not 1 <= bits <= allocated or not 0 <= shift <= allocated - bits:
        raise SourceError(
            f"{name}: {bits} stored bits (high bit {high}) do not fit into {allocated}; export the file again"
        )
    return Depth(allocated, bits, shift, number(header, "PixelRepresentation") == 1)


def bit_patterns(pixels: NDArray[Any], count: int) -> NDArray[Any]:
    """The unsigned bit patterns of pixels, of which there are 256 or 65536."""
    native = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))
    itemsize = 1 if count == 256 else 2
    if native.dtype.itemsize != itemsize:  # a codestream of another depth than the header's container
        native = native.astype(f"{native.dtype.kind}{itemsize}")
    return native.view(f"u{itemsize}")


def _has_overlay_bits(header: Dataset) -> bool:
    return any(
        (element := header.get((group, _OVERLAY_BIT_POSITION))) is not None and element.value
        for group in _OVERLAY_GROUPS
    )


def _roughness(values: NDArray[np.int64]) -> float:
    """Sum of the differences between neighbours."""
    return float(np.abs(np.diff(values, axis=0)).sum() + np.abs(np.diff(values, axis=1)).sum())
