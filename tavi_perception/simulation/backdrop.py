"""Real X-ray frames as what lies behind simulated devices: a pool of pictures, and what one lets through."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.imaging.files import read_picture
from tavi_perception.imaging.source import SourceError
from tavi_perception.sentence import InputError
from tavi_perception.simulation.distributions import Chance, LogUniform, Uniform
from tavi_perception.simulation.surroundings import Plane
from tavi_perception.simulation.technique import ImageConfig

SPLITS = ("training", "validation")

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")

MIN_SIDE = 16
"""Shortest side of a picture that something can be cut out of (px)."""

_HELD_OUT = 5
"""One picture in so many validates, and never trains."""

_CROP = Uniform(0.75, 1.0)
"""Side of the square that is cut out, as a share of the picture's shorter side (chosen)."""

_POWER = Uniform(0.9, 1.8)
"""Exponent from displayed grey to transmission: the display's curve is not known (chosen)."""

_MIRRORED = Chance(0.3)

_BLANK_GREY = 14
"""Displayed grey (of 255) up to which what touches the picture's edge is collimator or empty border."""

_LEAST = 0.02
"""Transmission of the darkest places, where the display has lost what there was."""


class BackgroundError(InputError):
    """A pool of backgrounds cannot be used; the message says in one sentence which and why."""


@dataclass(frozen=True)
class Backgrounds:
    """The pictures of a folder that belong to one split.

    A picture's split follows from its name alone, so that a pool that grows moves none of them. Frames of
    one patient under several names may fall on both sides: where they are known, keep them in one file each.

    Attributes:
        folder: of pictures, and of folders of pictures.
        split: one of ``SPLITS``.
    """

    folder: Path
    split: str

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The pictures, by name.

        Raises:
            BackgroundError: the folder is missing, or holds none of this split.
        """
        if not self.folder.is_dir():
            raise BackgroundError(f"{self.folder}: there is no such folder of backgrounds")
        found = [file for file in self.folder.rglob("*") if file.suffix.lower() in ENDINGS]
        chosen = tuple(sorted(file for file in found if split_of(file.name) == self.split))
        if not chosen:
            raise BackgroundError(
                f"{self.folder} holds {len(found)} pictures and none for {self.split}; "
                f"give more X-ray frames ({', '.join(ENDINGS)})"
            )
        return chosen

    def draw(self, rng: np.random.Generator, size: int) -> RealBackdrop:
        """One of the pictures, cut out, flipped at times, at ``size`` px.

        Raises:
            BackgroundError: it cannot be read.
        """
        return backdrop(_read(self.files[int(rng.integers(len(self.files)))]), rng, size)

    def pictures(self) -> Iterator[NDArray[np.uint8]]:
        """The pictures (h, w), grey, in the order of ``files``.

        Raises:
            BackgroundError: one of them cannot be read.
        """
        return map(_read, self.files)


@dataclass(frozen=True)
class RealBackdrop:
    """What a real frame lets through.

    Attributes:
        transmission: (size, size) signal, 0 … 1.
        blank: (size, size) where the frame shows nothing: collimator, empty border.
    """

    transmission: Plane
    blank: NDArray[np.bool_]

    def hides(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) whether points (n, 2) px lie where the frame shows nothing; NaN and outside does not."""
        size = len(self.blank)
        with np.errstate(invalid="ignore"):
            inside = ((points >= 0) & (points <= size - 1)).all(axis=1)
        result = np.zeros(len(points), dtype=bool)
        column, row = np.rint(points[inside]).astype(int).T
        result[inside] = self.blank[row, column]
        return result


def _read(file: Path) -> NDArray[np.uint8]:
    try:
        grey = read_picture(file).grey
    except (SourceError, OSError) as error:
        raise BackgroundError(f"{file} cannot be read as a picture ({error}); remove it") from None
    if min(grey.shape) < MIN_SIDE:
        raise BackgroundError(f"{file} has {grey.shape[1]}x{grey.shape[0]} px, too few; remove it")
    return grey


def split_of(name: str) -> str:
    """The split of the picture ``name``."""
    return SPLITS[1] if zlib.crc32(name.encode()) % _HELD_OUT == 0 else SPLITS[0]


def backdrop(grey: NDArray[np.uint8], rng: np.random.Generator, size: int) -> RealBackdrop:
    """What the frame ``grey`` (h, w) lets through, cut out and scaled to ``size`` px."""
    side = int(min(grey.shape) * _CROP.draw(rng))
    row, column = (int(rng.integers(0, extent - side + 1)) for extent in grey.shape)
    cut = grey[row : row + side, column : column + side]
    if _MIRRORED.draw(rng):
        cut = cut[:, ::-1]
    method = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    square = cv2.resize(np.ascontiguousarray(cut), (size, size), interpolation=method)
    fitted = np.asarray(square, dtype=np.uint8)
    blank = _blank(fitted)
    transmission = (fitted.astype(np.float32) / np.float32(255.0)) ** np.float32(_POWER.draw(rng))
    return RealBackdrop(np.maximum(transmission, np.float32(_LEAST)), blank)


def composited(config: ImageConfig) -> ImageConfig:
    """The X-ray system in front of a real frame, which has its own noise, scatter, shading and blades."""
    return replace(
        config,
        scatter=Uniform(0.0, 0.3),
        blur=Uniform(0.8, 2.2),
        quanta=LogUniform(1_500.0, 30_000.0),
        electronic=Uniform(0.0, 1.0),
        shading=Uniform(0.0, 0.05),
        fixed_pattern=Uniform(0.0, 0.0),
        blade=Chance(0.0),
        wedge=Chance(0.0),
        enhancement=Uniform(0.0, 0.4),
    )


def _blank(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where the frame is black and that blackness reaches its edge."""
    dark = (cv2.blur(grey, (5, 5)) <= _BLANK_GREY).astype(np.uint8)
    _, areas = cv2.connectedComponents(dark)
    edges = np.concatenate([areas[0], areas[-1], areas[:, 0], areas[:, -1]])
    return np.asarray(np.isin(areas, np.unique(edges[edges > 0])))
