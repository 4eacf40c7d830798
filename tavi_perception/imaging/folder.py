"""Image files, one or a folder of them, as a sequence of grey frames."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from tavi_perception.calibration import DicomCalibrationTags, UserCalibration, geometry_from_tags
from tavi_perception.carm import CArmGeometry
from tavi_perception.imaging.files import pages_in, read_page
from tavi_perception.imaging.files_source import FilesSource
from tavi_perception.imaging.grey import DepthWatch, Picture, check_bits_stored
from tavi_perception.imaging.pages import Page
from tavi_perception.imaging.source import Frame, GreyImage, SourceError, shown

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".pgm"})

_OTHER_PICTURES = frozenset({".gif", ".webp", ".jp2"})
"""Also pictures, but of formats that are not read: among others they are losses."""

_LOSSLESS_FIRST = (".tif", ".tiff", ".png", ".pgm", ".bmp")


class ImageFilesSource(FilesSource):
    """Image files in the order given, all pages of each; they record no geometry.

    Where an image has another size than the first, its pixel size is that of the first one's field of view
    (see ``CArmGeometry.for_image``). Of files that differ in their suffix alone one is used.

    Args:
        paths, name, frame_rate, calibration: as in ``FilesSource``.
        bits_stored: how many low bits of 16-bit pixels carry the grey level, where the files do not say it.
    """

    wanted = "a folder of PNG, JPEG or TIFF files"
    untimed = "image files record no times"

    def __init__(
        self,
        paths: Sequence[Path],
        name: str,
        *,
        frame_rate: float | None = None,
        calibration: UserCalibration | None = None,
        bits_stored: int | None = None,
    ) -> None:
        check_bits_stored(bits_stored)
        self._bits = bits_stored
        self._depth = DepthWatch(bits_stored)
        super().__init__(paths, name, frame_rate=frame_rate, calibration=calibration)
        self._note(self._depth.sentence())

    def __iter__(self) -> Iterator[Frame]:
        yield from super().__iter__()
        self._note(self._depth.sentence())

    def _in_order(self, paths: Sequence[Path]) -> Sequence[Path]:
        one_each = _one_of_each_name(paths)
        if len(one_each) < len(paths):
            left_out = next(path for path in paths if path not in one_each)
            self._note(
                f"{len(paths) - len(one_each)} images are there in two formats and used once "
                f"(the first that is left out is {shown(left_out)})"
            )
        self._note(_gap_in_numbers(one_each))
        return one_each

    def _count(self, path: Path) -> int:
        try:
            return len(pages_in(path))
        except SourceError as error:
            self._lose(str(error))
            return 1

    def _first(self, path: Path) -> tuple[CArmGeometry, tuple[str, ...]]:
        picture = self._picture(pages_in(path)[0], shown(path))
        self._size = picture.grey.shape
        tags = DicomCalibrationTags(rows=self._size[0], columns=self._size[1])
        return geometry_from_tags(tags, self._calibration)

    def _images(self, path: Path) -> Iterator[GreyImage | None]:
        pages = pages_in(path)
        if any(page.animated for page in pages):
            self._lose(f"{shown(path)}: only the first picture of the animation is used; make it a video")
        for number, page in enumerate(pages, start=1):
            name = shown(path) if len(pages) == 1 else f"{shown(path)}, page {number} of {len(pages)}"
            try:
                image = self._picture(page, name).grey
            except SourceError as error:
                self._lose(str(error))
                yield None
                continue
            if image.shape != self._size:
                self._note(f"not all images have the size of the first ({self._size[1]}x{self._size[0]} px)")
            yield image

    def _picture(self, page: Page, name: str) -> Picture:
        picture = read_page(page, name, self._bits)
        self._depth.see(picture)
        for note in picture.notes:
            self._note(note)
        return picture


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
