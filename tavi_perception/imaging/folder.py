"""Image files, one or a folder of them, as a sequence of grey frames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tavi_perception.calibration import DicomCalibrationTags, UserCalibration, geometry_from_tags
from tavi_perception.imaging.files import read_image
from tavi_perception.imaging.pace import DEFAULT_FRAME_RATE, check_frame_rate
from tavi_perception.imaging.source import Frame, SourceError

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".pgm"})


class ImageFilesSource:
    """Image files in the order given, one frame each; a ``FrameSource``.

    A file that turns out to have another size than the first adds a note while iterating; its pixel size
    is then that of the first one's field of view (see ``CArmGeometry.for_image``).

    Args:
        paths: the files, one at least.
        name: what the user knows them by.
        frame_rate: frames/s; 15 where None.
        calibration: what the user states about the geometry; image files record none.

    Raises:
        SourceError: there is no file, or the first one is no image; a broken file further on raises it
            while iterating.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        name: str,
        *,
        frame_rate: float | None = None,
        calibration: UserCalibration | None = None,
    ) -> None:
        check_frame_rate(frame_rate)
        if not paths:
            raise SourceError(f"{name}: it holds no images; give a folder of PNG, JPEG or TIFF files")
        self.name = name
        self.frame_count = len(paths)
        self._paths = tuple(paths)
        self._rate = frame_rate or DEFAULT_FRAME_RATE
        self._size = read_image(paths[0]).shape
        tags = DicomCalibrationTags(rows=self._size[0], columns=self._size[1])
        self.geometry, notes = geometry_from_tags(tags, calibration)
        if frame_rate is None and len(paths) > 1:
            notes = (f"image files record no times: {DEFAULT_FRAME_RATE:g} frames/s are assumed", *notes)
        self.notes = notes

    def __iter__(self) -> Iterator[Frame]:
        for index, path in enumerate(self._paths):
            image = read_image(path)
            if image.shape != self._size:
                self._note_size()
            yield Frame(image, index / self._rate)

    def _note_size(self) -> None:
        note = f"not all images have the size of the first ({self._size[1]}x{self._size[0]} px)"
        if note not in self.notes:
            self.notes = (*self.notes, note)


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
