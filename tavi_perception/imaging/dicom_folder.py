"""Single-frame DICOM files of one series as a sequence of grey frames."""

from __future__ import annotations

from collections.abc import Iterator

from tavi_perception.calibration import UserCalibration
from tavi_perception.imaging.dicom import DicomSource
from tavi_perception.imaging.dicom_series import Series
from tavi_perception.imaging.dicom_tags import frame_times
from tavi_perception.imaging.pace import check_frame_rate
from tavi_perception.imaging.source import Frame, SourceError

_MOST_NOTES = 10


class DicomFolderSource:
    """The frames of a series of single-frame files; a ``FrameSource``.

    Each frame has the geometry of its own file. A file that cannot be decoded is a loss; its time passes.

    Args:
        series: single-frame files, in order.
        name: what the user knows them by.
        frame_rate: frames/s instead of what the first file states.
        calibration: what the user states about the geometry, before the files' tags.
        bits_stored: as that of a ``DicomSource``.

    Raises:
        SourceError: the first file cannot be decoded.
    """

    def __init__(
        self,
        series: Series,
        name: str,
        *,
        frame_rate: float | None = None,
        calibration: UserCalibration | None = None,
        bits_stored: int | None = None,
    ) -> None:
        check_frame_rate(frame_rate)
        self.name = name
        self._paths = [file.path for file in series.files]
        self._calibration = calibration
        self._bits_stored = bits_stored
        self.frame_count = len(self._paths)
        first = self._open(0)
        self.geometry = first.geometry
        self._times, time_notes = frame_times(series.files[0].header, self.frame_count, frame_rate)
        self.notes = (*series.notes, *time_notes, *first.notes)
        self.losses = series.losses
        self._first_notes, self._more_notes = first.notes, 0

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self.frame_count):
            try:
                source = self._open(index)
                frame = next(iter(source))
            except SourceError as error:
                if str(error) not in self.losses:
                    self.losses = (*self.losses, str(error))
                continue
            self._note_others(source)
            yield Frame(frame.image, float(self._times[index]), frame.geometry)

    def _open(self, index: int) -> DicomSource:
        return DicomSource(self._paths[index], calibration=self._calibration, bits_stored=self._bits_stored)

    def _note_others(self, source: DicomSource) -> None:
        """Adds what is to be known of a file and not of the first; of many files, of the first few."""
        for note in source.notes:
            told = f"{source.name}: {note}"
            if note not in self._first_notes and told not in self.notes and self._more_notes < _MOST_NOTES:
                self.notes = (*self.notes, told)
                self._more_notes += 1
