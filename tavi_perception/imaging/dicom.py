"""A DICOM image, single or multi-frame, as a sequence of grey frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tavi_perception.calibration import UserCalibration, geometry_from_tags
from tavi_perception.imaging.dicom_file import damage_reported, open_dicom, text
from tavi_perception.imaging.dicom_grey import grey_mapping
from tavi_perception.imaging.dicom_tags import calibration_tags, frame_times
from tavi_perception.imaging.pace import check_frame_rate
from tavi_perception.imaging.source import Frame

FLUOROSCOPY_MODALITIES = ("XA", "RF")


class DicomSource:
    """The frames of a DICOM file, decoded one at a time; a ``FrameSource``.

    Args:
        path: a DICOM image of any transfer syntax that pydicom and pylibjpeg decode.
        frame_rate: frames/s instead of the recorded times.
        calibration: what the user states about the geometry, before the file's tags.

    Raises:
        SourceError: the file is not a DICOM image, damaged, truncated or not decodable; a frame damaged
            further on raises it while iterating.
    """

    def __init__(
        self, path: Path, *, frame_rate: float | None = None, calibration: UserCalibration | None = None
    ) -> None:
        self.name = path.name
        check_frame_rate(frame_rate)
        self._file = open_dicom(path)
        self.frame_count = self._file.frame_count
        header = self._file.header
        with damage_reported(self.name, "its DICOM header contradicts itself"):
            self._grey = grey_mapping(header, self.name)
            self._times, time_notes = frame_times(header, self.frame_count, frame_rate)
            self.geometry, geometry_notes = geometry_from_tags(calibration_tags(header), calibration)
        modality = text(header, "Modality")
        self.notes = (*_modality_notes(modality), *self._grey.notes, *time_notes, *geometry_notes)
        self.losses: tuple[str, ...] = ()
        next(iter(self))  # a missing codec or broken pixels show now, not in the middle of a run

    def __iter__(self) -> Iterator[Frame]:
        for pixels, time in zip(self._file.pixels(), self._times, strict=True):
            with damage_reported(self.name, f"the frame at {time:.3f} s does not fit the header"):
                image = self._grey(pixels)
            yield Frame(image, float(time), self.geometry)


def _modality_notes(modality: str) -> tuple[str, ...]:
    if modality in FLUOROSCOPY_MODALITIES:
        return ()
    return (f"its modality is {modality or 'not stated'}, not X-ray angiography (XA) or fluoroscopy (RF)",)
