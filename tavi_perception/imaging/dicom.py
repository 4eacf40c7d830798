"""A DICOM image, single or multi-frame, as a sequence of grey frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tavi_perception.calibration import UserCalibration
from tavi_perception.imaging.dicom_file import open_dicom
from tavi_perception.imaging.dicom_geometry import frame_geometries, orientation_notes
from tavi_perception.imaging.dicom_grey import check_pixels, grey_mapping
from tavi_perception.imaging.dicom_tags import frame_times
from tavi_perception.imaging.dicom_values import damage_reported, text
from tavi_perception.imaging.pace import check_frame_rate
from tavi_perception.imaging.source import Frame, GreyImage, SourceError

FLUOROSCOPY_MODALITIES = ("XA", "RF")


class DicomSource:
    """The frames of a DICOM file, decoded one at a time; a ``FrameSource``.

    Args:
        path: a DICOM image of any transfer syntax that pydicom and pylibjpeg decode.
        frame_rate: frames/s instead of the recorded times.
        calibration: what the user states about the geometry, before the file's tags.
        bits_stored: how many low bits of a pixel carry the image, where no window says what is shown;
            what the file states where None.

    Raises:
        SourceError: the file is not a DICOM image, damaged, truncated or not decodable; a frame damaged
            further on raises it while iterating.
    """

    def __init__(
        self,
        path: Path,
        *,
        frame_rate: float | None = None,
        calibration: UserCalibration | None = None,
        bits_stored: int | None = None,
    ) -> None:
        check_frame_rate(frame_rate)
        self._file = open_dicom(path)
        self.name = self._file.name
        self.frame_count = len(self._file.frames)
        header = self._file.header
        check_pixels(header, self.name)
        pixels = [self._file.pixels(0), *self._later_pixels()]  # broken pixels show now, not in the middle
        with damage_reported(self.name, "its DICOM header contradicts itself"):
            self._grey = grey_mapping(self._file, pixels, bits_stored)
            self._times, time_notes = frame_times(header, self.frame_count, frame_rate)
            self._geometries, geometry_notes = frame_geometries(header, self.frame_count, calibration)
        self.geometry = self._geometries[0]
        self.notes = (
            *self._file.notes,
            *_modality_notes(text(header, "Modality")),
            *self._grey.notes,
            *time_notes,
            *geometry_notes,
            *orientation_notes(header),
        )
        self.losses: tuple[str, ...] = ()
        self._image(0)

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self.frame_count):
            yield Frame(self._image(index), float(self._times[index]), self._geometries[index])

    def _image(self, index: int) -> GreyImage:
        pixels = self._file.pixels(index)
        with damage_reported(self.name, f"frame {index + 1} does not fit the header"):
            return self._grey(pixels)

    def _later_pixels(self) -> Iterator[NDArray[Any]]:
        """The middle and the last frame, which show what values occur; a broken one is for the iteration."""
        for index in sorted({self.frame_count // 2, self.frame_count - 1} - {0}):
            with suppress(SourceError):
                yield self._file.pixels(index)


def _modality_notes(modality: str) -> tuple[str, ...]:
    if modality in FLUOROSCOPY_MODALITIES:
        return ()
    return (f"its modality is {modality or 'not stated'}, not X-ray angiography (XA) or fluoroscopy (RF)",)
