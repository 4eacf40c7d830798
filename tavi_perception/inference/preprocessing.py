"""How a grey image becomes the network's input, and how pixels of the two correspond."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SquareFit:
    """Correspondence between an image and the square network input it was fitted into.

    The image is padded to a square by repeating its borders (half of the padding on each side, the odd
    pixel right or below), and that square is scaled to the input. An integer is a pixel's centre in both.

    Attributes:
        left, top: padding (px of the original image).
        side: side of the padded square (px of the original image).
        size: side of the network's input (px).
    """

    left: int
    top: int
    side: int
    size: int

    @property
    def scale(self) -> float:
        """Original pixels per input pixel."""
        return self.side / self.size

    def to_image(self, xy_input: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels (…, 2) of the original image for pixels of the input."""
        return (np.asarray(xy_input) + 0.5) * self.scale - 0.5 - np.array([self.left, self.top])

    def to_input(self, xy_image: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels (…, 2) of the input for pixels of the original image."""
        return (np.asarray(xy_image) + np.array([self.left, self.top]) + 0.5) / self.scale - 0.5


def fit_square(image: NDArray[np.uint8], size: int) -> tuple[NDArray[np.uint8], SquareFit]:
    """A grey image (height, width) fitted into (size, size), keeping its aspect ratio.

    Shrinks with INTER_AREA by an integer factor, then with INTER_LINEAR: as sharp as INTER_AREA alone
    and many times faster. The padded square is a multiple of that factor.
    """
    height, width = image.shape
    factor = max(1, max(height, width) // size)
    side = -(-max(height, width) // factor) * factor
    left, top = (side - width) // 2, (side - height) // 2
    fit = SquareFit(left, top, side, size)
    if (height, width) != (side, side):
        right, bottom = side - width - left, side - height - top
        image = np.asarray(cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_REPLICATE))
    if factor > 1:
        image = np.asarray(cv2.resize(image, (side // factor,) * 2, interpolation=cv2.INTER_AREA))
    if image.shape != (size, size):
        image = np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR))
    return image, fit
