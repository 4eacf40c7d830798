"""Image files, one or a folder of them, as a sequence of grey frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tavi_perception.calibration import DicomCalibrationTags, geometry_from_tags
from tavi_perception.carm import CArmGeometry
from tavi_perception.imaging.files import read_image
from tavi_perception.imaging.files_source import FilesSource
from tavi_perception.imaging.source import GreyImage

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".pgm"})


class ImageFilesSource(FilesSource):
    """Image files in the order given; they record no geometry.

    Where a file has another size than the first, its pixel size is that of the first one's field of view
    (see ``CArmGeometry.for_image``).
    """

    wanted = "a folder of PNG, JPEG or TIFF files"
    untimed = "image files record no times"

    def _first(self, path: Path) -> tuple[CArmGeometry, tuple[str, ...]]:
        self._size = read_image(path).shape
        tags = DicomCalibrationTags(rows=self._size[0], columns=self._size[1])
        return geometry_from_tags(tags, self._calibration)

    def _read(self, path: Path) -> GreyImage:
        image = read_image(path)
        if image.shape != self._size:
            self._note(f"not all images have the size of the first ({self._size[1]}x{self._size[0]} px)")
        return image


def images_in(folder: Path) -> list[Path]:
    """The image files of a folder, by suffix, in natural order (2 before 10)."""
    return natural_order(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def natural_order(paths: Iterator[Path]) -> list[Path]:
    """Paths by name, numbers in names by their value; hidden files left out."""
    visible = (path for path in paths if path.is_file() and not path.name.startswith("."))
    return sorted(visible, key=_natural_key)


def _natural_key(path: Path) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], path.name
