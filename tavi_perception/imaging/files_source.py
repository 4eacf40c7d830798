"""What sources of several files, a frame each, have in common."""

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
    """Files in order, one frame each; a ``FrameSource``.

    The geometry is that of the first file; what differs in others adds a note while iterating.

    Args:
        paths: the files, one at least.
        name: what the user knows them by.
        frame_rate: frames/s; 15 where None.
        calibration: what the user states about the geometry, before anything recorded.

    Raises:
        SourceError: there is no file, or the first one is broken; a broken file further on raises it while
            iterating.
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
        self.frame_count = len(paths)
        self._paths = self._in_order(paths)
        self._rate = frame_rate or DEFAULT_FRAME_RATE
        self._calibration = calibration
        self.losses: tuple[str, ...] = ()
        self.geometry, self.notes = self._first(self._paths[0])
        if frame_rate is None and len(paths) > 1:
            self.notes = (f"{self.untimed}: {DEFAULT_FRAME_RATE:g} frames/s are assumed", *self.notes)

    def __iter__(self) -> Iterator[Frame]:
        for index, path in enumerate(self._paths):
            yield Frame(self._read(path), index / self._rate, self.geometry)

    def _in_order(self, paths: Sequence[Path]) -> Sequence[Path]:
        return tuple(paths)

    @abstractmethod
    def _first(self, path: Path) -> tuple[CArmGeometry, tuple[str, ...]]:
        """Geometry and notes of the first file."""

    @abstractmethod
    def _read(self, path: Path) -> GreyImage:
        """The frame of a file; notes what differs from the first."""

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes = (*self.notes, note)
