"""Image files, one or a folder of them, as a sequence of grey frames."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from tavi_perception.calibration import DicomCalibrationTags, UserCalibration, geometry_from_tags
from tavi_perception.imaging.files import pages_in, read_page
from tavi_perception.imaging.grey import DepthWatch, check_bits_stored
from tavi_perception.imaging.pace import DEFAULT_FRAME_RATE, check_frame_rate
from tavi_perception.imaging.pages import Page
from tavi_perception.imaging.source import Frame, GreyImage, SourceError, shown

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".pgm"})

_OTHER_PICTURES = frozenset({".gif", ".webp", ".jp2"})
"""Also pictures, but of formats that are not read: among others they are losses."""

_LOSSLESS_FIRST = (".tif", ".tiff", ".png", ".pgm", ".bmp")


class ImageFilesSource:
    """Image files in the order given, all pages of each; a ``FrameSource``. They record no geometry.

    Where an image has another size than the first, its pixel size is that of the first one's field of view
    (see ``CArmGeometry.for_image``). Of files that differ in their suffix alone one is used. A file that
    cannot be read is a loss, and leaves its time free.

    Args:
        paths: the files, one at least.
        name: what the user knows them by.
        frame_rate: frames/s; 15 where None.
        calibration: what the user states about the geometry.
        bits_stored: how many low bits of 16-bit pixels carry the grey level, where the files do not say it.

    Raises:
        SourceError: there is no file, or none can be read.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        name: str,
        *,
        frame_rate: float | None = None,
        calibration: UserCalibration | None = None,
        bits_stored: int | None = None,
    ) -> None:
        check_frame_rate(frame_rate)
        check_bits_stored(bits_stored)
        if not paths:
            raise SourceError(f"{name}: it holds no images; give a folder of PNG, JPEG, TIFF or DICOM files")
        self.name = name
        self.notes: tuple[str, ...] = ()
        self.losses: tuple[str, ...] = ()
        self._rate = frame_rate or DEFAULT_FRAME_RATE
        self._bits = bits_stored
        self._depth = DepthWatch(bits_stored)
        self._paths = self._used(paths)
        self.frame_count = sum(len(self._pages(path)) for path in self._paths)
        self._size: tuple[int, ...] = ()
        self._size = self._first_size()
        tags = DicomCalibrationTags(rows=self._size[0], columns=self._size[1])
        self.geometry, geometry_notes = geometry_from_tags(tags, calibration)
        if frame_rate is None and self.frame_count > 1:
            self._note(f"image files record no times: {DEFAULT_FRAME_RATE:g} frames/s are assumed")
        for note in (*geometry_notes, self._depth.sentence()):
            self._note(note)

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        for path in self._paths:
            for image in self._images(path):
                if image is not None:
                    yield Frame(image, index / self._rate, self.geometry)
                index += 1
        self._note(self._depth.sentence())

    def _used(self, paths: Sequence[Path]) -> Sequence[Path]:
        """The files without those that are there in another format; notes what is odd about their names."""
        one_each = _one_of_each_name(paths)
        if len(one_each) < len(paths):
            left_out = next(path for path in paths if path not in one_each)
            self._note(
                f"{len(paths) - len(one_each)} images are there in two formats and used once "
                f"(the first that is left out is {shown(left_out)})"
            )
        self._note(_gap_in_numbers(one_each))
        return one_each

    def _pages(self, path: Path) -> Sequence[Page | None]:
        """The pages of a file; None for a file that cannot be read, which is a loss."""
        try:
            pages = pages_in(path)
        except SourceError as error:
            self._lose(str(error))
            return (None,)
        if any(page.animated for page in pages):
            self._lose(f"{shown(path)}: only the first picture of the animation is used; make it a video")
        return pages

    def _first_size(self) -> tuple[int, int]:
        """(height, width) of the first image that can be read."""
        for path in self._paths:
            for image in self._images(path):
                if image is not None:
                    return image.shape[0], image.shape[1]
        others = f"; nor can any of the other {len(self._paths) - 1} files be used" if self._paths[1:] else ""
        raise SourceError(f"{self.losses[0]}{others}")

    def _images(self, path: Path) -> Iterator[GreyImage | None]:
        """The frames of a file, None for one that is lost."""
        pages = self._pages(path)
        for number, page in enumerate(pages, start=1):
            name = shown(path) if len(pages) == 1 else f"{shown(path)}, page {number} of {len(pages)}"
            image = None if page is None else self._image(page, name)
            if image is not None and self._size and image.shape != self._size:
                self._note(f"not all images have the size of the first ({self._size[1]}x{self._size[0]} px)")
            yield image

    def _image(self, page: Page, name: str) -> GreyImage | None:
        try:
            picture = read_page(page, name, self._bits)
        except SourceError as error:
            self._lose(str(error))
            return None
        self._depth.see(picture)
        for note in picture.notes:
            self._note(note)
        return picture.grey

    def _note(self, note: str) -> None:
        """Adds a note, once; an empty one is none."""
        if note and note not in self.notes:
            self.notes = (*self.notes, note)

    def _lose(self, loss: str) -> None:
        if loss not in self.losses:
            self.losses = (*self.losses, loss)


def images_in(folder: Path) -> list[Path]:
    """The pictures in a folder, by suffix, in natural order (2 before 10)."""
    suffixes = IMAGE_SUFFIXES | _OTHER_PICTURES
    return natural_order(path for path in folder.iterdir() if path.suffix.lower() in suffixes)


def natural_order(paths: Iterator[Path]) -> list[Path]:
    """Paths by name, numbers in names by their value; hidden files left out, links to nothing kept."""
    visible = (path for path in paths if _may_be_file(path) and not path.name.startswith("."))
    return sorted(visible, key=_natural_key)


def _may_be_file(path: Path) -> bool:
    return path.is_file() or (path.is_symlink() and not path.exists())


def _natural_key(path: Path) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], path.name


def _one_of_each_name(paths: Sequence[Path]) -> Sequence[Path]:
    """The paths in their order; of those that differ in their suffix alone a lossless one."""
    suffixes: defaultdict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        suffixes[path.with_suffix("")].append(path)

    def rank(path: Path) -> int:
        suffix = path.suffix.lower()
        return _LOSSLESS_FIRST.index(suffix) if suffix in _LOSSLESS_FIRST else len(_LOSSLESS_FIRST)

    best = {min(same, key=rank) for same in suffixes.values()}
    return [path for path in paths if path in best]


def _gap_in_numbers(paths: Sequence[Path]) -> str:
    """What is missing in a series whose names differ in one number alone; empty where nothing is."""
    names = [re.split(r"(\d+)", path.stem) for path in paths]
    if len(names) < 3 or len({len(name) for name in names}) > 1:
        return ""
    varying = [column for column in range(len(names[0])) if len({name[column] for name in names}) > 1]
    if len(varying) != 1 or varying[0] % 2 == 0:
        return ""
    numbers = [int(name[varying[0]]) for name in names]
    steps = [after - before for before, after in itertools.pairwise(numbers)]
    step = min(steps)
    missing = sum(max(wide // max(step, 1) - 1, 0) for wide in steps)
    if not missing:
        return ""
    before = next(path for path, wide in zip(paths, steps, strict=False) if wide > step)
    return f"the numbers of the files have gaps: {missing} are missing, the first after {shown(before)}"
