"""What a video capture does to an image: rescaling and compression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Capture:
    """The way of an image through a capture device.

    Attributes:
        rescale: size on the way relative to the image's, 1 for none.
        quality: of JPEG (1 … 100), 0 for no compression.
    """

    rescale: float
    quality: int


def captured(image: NDArray[np.uint8], capture: Capture) -> NDArray[np.uint8]:
    """The (H, W) image after capture: smaller, compressed, and back at its size."""
    height, width = image.shape
    small = image
    if capture.rescale < 1.0:
        shape = max(1, round(width * capture.rescale)), max(1, round(height * capture.rescale))
        small = np.asarray(cv2.resize(image, shape, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    if capture.quality:
        _, stream = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, capture.quality])
        small = np.asarray(cv2.imdecode(stream, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    if small.shape == image.shape:
        return small
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
