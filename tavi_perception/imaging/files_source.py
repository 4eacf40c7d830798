"""What sources of several files have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from tavi_perception.calibration import UserCalibration
from tavi_perception.carm import CArmGeometry
from tavi_perception.imaging.pace import DEFAULT_FRAME_RATE, check_frame_rate
from tavi_perception.imaging.source import Frame, GreyImage, SourceError


class FilesSource(ABC):
    """Files in order; a ``FrameSource``.

    The geometry is that of the first file; what differs in others adds a note while iterating. A file that
    cannot be read is a loss, and leaves its time free.

    Args:
        paths: the files, one at least.
        name: what the user knows them by.
        frame_rate: frames/s; 15 where None.
        calibration: what the user states about the geometry, before anything recorded.

    Raises:
        SourceError: there is no file, or none can be read.
    """

    wanted: ClassVar[str]
    """What the user should give, where there is nothing."""
    untimed: ClassVar[str]
    """Why the frame rate is assumed, where the user states none."""

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
            raise SourceError(f"{name}: it holds no images; give {self.wanted}")
        self.name = name
        self.notes: tuple[str, ...] = ()
        self.losses: tuple[str, ...] = ()
        self._paths = self._in_order(paths)
        self.frame_count = sum(self._count(path) for path in self._paths)
        self._rate = frame_rate or DEFAULT_FRAME_RATE
        self._calibration = calibration
        self.geometry, notes = self._first_readable()
        if frame_rate is None and self.frame_count > 1:
            self._note(f"{self.untimed}: {DEFAULT_FRAME_RATE:g} frames/s are assumed")
        for note in notes:
            self._note(note)

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        for path in self._paths:
            try:
                for image in self._images(path):
                    if image is not None:
                        yield Frame(image, index / self._rate, self.geometry)
                    index += 1
            except SourceError as error:
                self._lose(str(error))
                index += 1

    def _first_readable(self) -> tuple[CArmGeometry, tuple[str, ...]]:
        for path in self._paths:
            try:
                return self._first(path)
            except SourceError as error:
                self._lose(str(error))
        others = f"; nor can any of the other {len(self._paths) - 1} files be used" if self._paths[1:] else ""
        raise SourceError(f"{self.losses[0]}{others}")

    def _in_order(self, paths: Sequence[Path]) -> Sequence[Path]:
        return tuple(paths)

    def _count(self, path: Path) -> int:
        """How many frames a file has."""
        return 1

    @abstractmethod
    def _first(self, path: Path) -> tuple[CArmGeometry, tuple[str, ...]]:
        """Geometry and notes of the first file."""

    @abstractmethod
    def _images(self, path: Path) -> Iterator[GreyImage | None]:
        """The frames of a file, None for one that is lost; notes what differs from the first."""

    def _note(self, note: str) -> None:
        """Adds a note, once; an empty one is none."""
        if note and note not in self.notes:
            self.notes = (*self.notes, note)

    def _lose(self, loss: str) -> None:
        if loss not in self.losses:
            self.losses = (*self.losses, loss)
