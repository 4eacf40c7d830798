"""Readable text on images: antialiased, with a halo that keeps it legible on any background."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

Colour = tuple[int, int, int]
"""Blue, green, red."""

_HALO = np.float32(0.75)


def text_size(text: str, size: int, bold: bool = False) -> tuple[int, int]:
    """Width and height (px) that a line of text takes, halo included."""
    height, width, _ = _masks(text, size, bold)[0].shape
    return width, height


def put_text(
    image: NDArray[np.uint8], text: str, x: int, y: int, size: int, colour: Colour, *, bold: bool = False
) -> None:
    """Writes a line with its top left corner at (x, y) into a (H, W, 3) BGR image; clipped at its border."""
    ink, kept = _masks(text, size, bold)
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + ink.shape[0], image.shape[0]), min(x + ink.shape[1], image.shape[1])
    if top >= bottom or left >= right:
        return
    window = np.s_[top - y : bottom - y, left - x : right - x]
    region = image[top:bottom, left:right]
    region[:] = region * kept[window] + np.array(colour, np.float32) * ink[window]


@lru_cache(maxsize=512)
def _masks(text: str, size: int, bold: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(h, w, 1) opacity 0…1 of the letters, and the share of the background left by them and a dark halo."""
    font = _font(size, bold)
    margin = max(2, size // 7)
    ascent, descent = font.getmetrics()
    width = int(font.getlength(text)) + 1
    canvas: NDArray[np.uint8] = np.zeros((ascent + descent + 2 * margin, width + 2 * margin), np.uint8)
    mask, offset = font.getmask2(text, mode="L")
    letters: NDArray[np.uint8] = np.array(mask, np.uint8).reshape(mask.size[1], mask.size[0])
    top, left = margin + offset[1], margin + offset[0]
    letters = letters[: canvas.shape[0] - top, : canvas.shape[1] - left]
    canvas[top : top + letters.shape[0], left : left + letters.shape[1]] = letters
    kernel = np.ones((margin, margin), np.uint8)
    halo = cv2.GaussianBlur(cv2.dilate(canvas, kernel), (0, 0), margin / 2)
    ink = _opacity(canvas)
    return ink, (1 - ink) * (1 - _HALO * _opacity(halo))


def _opacity(mask: NDArray[Any]) -> NDArray[np.float32]:
    return (mask.astype(np.float32) / np.float32(255.0))[..., None]


@lru_cache(maxsize=32)
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_fonts() / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")), size)


def _fonts() -> Path:
    """The folder of the fonts that matplotlib brings; importing it takes a second, which a frame has not."""
    spec = importlib.util.find_spec("matplotlib")
    for place in (spec and spec.submodule_search_locations) or ():
        folder = Path(place) / "mpl-data" / "fonts" / "ttf"
        if folder.is_dir():
            return folder
    import matplotlib  # a distribution may keep its data elsewhere

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"
