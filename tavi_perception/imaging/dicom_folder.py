"""A folder of single-frame DICOM files as a sequence of grey frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tavi_perception.calibration import UserCalibration
from tavi_perception.imaging.dicom import DicomSource
from tavi_perception.imaging.dicom_file import number, open_dicom
from tavi_perception.imaging.pace import DEFAULT_FRAME_RATE, check_frame_rate
from tavi_perception.imaging.source import Frame, SourceError


class DicomFolderSource:
    """Single-frame DICOM files by InstanceNumber, then in the order given; a ``FrameSource``.

    Geometry is that of the first file; other geometries among them are noted while iterating.

    Args:
        paths: the files, one at least.
        name: what the user knows them by.
        frame_rate: frames/s; 15 where None.
        calibration: what the user states about the geometry, before the files' tags.

    Raises:
        SourceError: there is no file, one is broken, or one holds several frames.
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
            raise SourceError(f"{name}: it holds no images; give a folder of images or DICOM files")
        self.name = name
        self.frame_count = len(paths)
        self._paths = sorted(paths, key=_instance_number)
        self._rate = frame_rate or DEFAULT_FRAME_RATE
        self._calibration = calibration
        first = DicomSource(self._paths[0], calibration=calibration)
        self.geometry = first.geometry
        self.notes = first.notes
        if frame_rate is None:
            paced = f"single files record no frame time: {DEFAULT_FRAME_RATE:g} frames/s are assumed"
            self.notes = (paced, *self.notes)

    def __iter__(self) -> Iterator[Frame]:
        for index, path in enumerate(self._paths):
            source = DicomSource(path, calibration=self._calibration)
            if source.geometry.metres_per_px != self.geometry.metres_per_px and source.geometry.calibrated:
                self._note(f"{path.name} has another pixel size than the first file, which is used for all")
            yield Frame(next(iter(source)).image, index / self._rate)

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes = (*self.notes, note)


def _instance_number(path: Path) -> float:
    """Sorting key; also refuses what is not a single frame."""
    file = open_dicom(path)
    if file.frame_count > 1:
        raise SourceError(
            f"{path.name}: it is one of several DICOM files in a folder and holds {file.frame_count} frames; "
            "give one multi-frame file at a time"
        )
    instance = number(file.header, "InstanceNumber")
    return float("inf") if instance is None else instance
