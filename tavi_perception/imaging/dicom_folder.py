"""A folder of single-frame DICOM files as a sequence of grey frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tavi_perception.carm import CArmGeometry
from tavi_perception.imaging.dicom import DicomSource
from tavi_perception.imaging.dicom_file import number, open_dicom
from tavi_perception.imaging.files_source import FilesSource
from tavi_perception.imaging.source import GreyImage, SourceError


class DicomFolderSource(FilesSource):
    """Single-frame DICOM files by InstanceNumber, then in the order given; none may hold several frames."""

    wanted = "a folder of images or DICOM files"
    untimed = "single files record no frame time"

    def _in_order(self, paths: Sequence[Path]) -> Sequence[Path]:
        return sorted(paths, key=_instance_number)

    def _first(self, path: Path) -> tuple[CArmGeometry, tuple[str, ...]]:
        first = DicomSource(path, calibration=self._calibration)
        return first.geometry, first.notes

    def _images(self, path: Path) -> Iterator[GreyImage]:
        source = DicomSource(path, calibration=self._calibration)
        if source.geometry.metres_per_px != self.geometry.metres_per_px and source.geometry.calibrated:
            self._note(f"{path.name} has another pixel size than the first file, which is used for all")
        yield next(iter(source)).image


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
