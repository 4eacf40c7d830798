"""From arrays of any depth and colour to grey uint8 images."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.imaging.source import GreyImage, SourceError
from tavi_perception.sentence import InputError

MAX_SIDE = 8192
"""Largest width or height taken for an image (px); flat detectors have up to about 4,000."""

_TO_GREY = {3: cv2.COLOR_BGR2GRAY, 4: cv2.COLOR_BGRA2GRAY}


class ImageRejectedError(InputError, ValueError):
    """An image cannot be used; the message says what it is, why, and what to do, in one sentence."""


@dataclass(frozen=True)
class Picture:
    """A grey image, and what reading it has shown.

    Attributes:
        grey: (H, W) C-contiguous uint8.
        brightest: largest value of its 16-bit pixels; 0 for 8-bit ones.
        white: the value that became 255; what lies above is clipped.
        notes: what the user should know of how it was read.
    """

    grey: GreyImage
    brightest: int
    white: int
    notes: tuple[str, ...] = ()


class DepthWatch:
    """Looks whether the pixels of a source use the bits they are taken to have.

    Args:
        bits_stored: what the user states; None where nothing is stated.
    """

    def __init__(self, bits_stored: int | None) -> None:
        self._bits = bits_stored
        self._brightest = 0
        self._white = 0
        self._told = False

    def see(self, picture: Picture) -> None:
        self._brightest = max(self._brightest, picture.brightest)
        self._white = max(self._white, picture.white)

    def sentence(self) -> str:
        """What the pictures seen so far show, said once; empty where all is well."""
        sentence = "" if self._told else self._sentence()
        self._told = self._told or bool(sentence)
        return sentence

    def _sentence(self) -> str:
        if self._bits is not None and self._brightest > self._white:
            return (
                f"pixels above {self._white}, the largest of the {self._bits} bits stated, are shown white: "
                f"the largest is {self._brightest}"
            )
        bits = max(self._brightest.bit_length(), 8)
        if self._bits is None and self._white == 0xFFFF and self._brightest and bits < 16:
            level = round(255 * self._brightest / self._white)
            return (
                f"the brightest grey level is {level} of 255: where its 16-bit pixels carry fewer bits, say "
                f"how many, as in --bits-stored {bits}"
            )
        return ""


def check_bits_stored(bits_stored: int | None) -> None:
    """Refuses what is no number of bits.

    Raises:
        SourceError: it is not between 8 and 16.
    """
    if bits_stored is not None and not 8 <= bits_stored <= 16:
        raise SourceError(f"{bits_stored} bits of a grey level are impossible; give 8 to 16, as in 12")


def grey_from_array(image: NDArray[np.generic], name: str, bits_stored: int = 0) -> GreyImage:
    """The grey image of ``picture_from_array``."""
    return picture_from_array(image, name, bits_stored).grey


def picture_from_array(
    image: NDArray[np.generic], name: str, bits_stored: int = 0, white: int = 0, *, inverted: bool = False
) -> Picture:
    """A grey, BGR or BGRA image of uint8 or uint16 as a grey image; ITU-R BT.601 for colour.

    Args:
        image: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); a grey uint8 image is returned as it is.
        name: what the user knows it by, for messages.
        bits_stored: how many low bits carry the image; 0…2^bits − 1 become 0…255, more is clipped. 0: all.
        white: the value that becomes 255, where the image itself states less than its bits; 0: it does not.
        inverted: its lowest value is white.

    Raises:
        ImageRejectedError: another depth, another number of channels, or a size that no image has.
    """
    check_size(image.shape[1], image.shape[0], name)
    native_type = image.dtype.newbyteorder("=")
    if native_type not in (np.uint8, np.uint16):
        raise ImageRejectedError(f"{name}: its pixels are {image.dtype}; give an image of 8 or 16 bits")
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels != 1 and channels not in _TO_GREY:
        raise ImageRejectedError(f"{name}: it has {channels} channels; give a grey or colour image")
    native = np.ascontiguousarray(image, dtype=native_type)
    grey = cv2.cvtColor(native, _TO_GREY[channels]) if channels > 1 else native.reshape(native.shape[:2])
    largest = (1 << 8 * grey.dtype.itemsize) - 1
    full_scale = min(white or largest, (1 << bits_stored) - 1 if bits_stored else largest)
    levels = grey if full_scale == 255 == largest else cv2.convertScaleAbs(grey, alpha=255.0 / full_scale)
    brightest = int(grey.max()) if largest > 255 else 0
    return Picture(np.asarray(255 - levels if inverted else levels, dtype=np.uint8), brightest, full_scale)


def check_size(width: int, height: int, name: str) -> None:
    """Refuses what is no image.

    Raises:
        ImageRejectedError: a side is not between 1 and ``MAX_SIDE``.
    """
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise ImageRejectedError(
            f"{name}: its size is {width}x{height} px; give an image of 1 to {MAX_SIDE} px a side"
        )
