"""Opens whatever the user names as a sequence of grey frames."""

from __future__ import annotations

from pathlib import Path

from tavi_perception.calibration import UserCalibration
from tavi_perception.imaging.dicom import DicomSource
from tavi_perception.imaging.dicom_folder import DicomFolderSource
from tavi_perception.imaging.dicom_listing import is_dicomdir, series_in, series_listed
from tavi_perception.imaging.dicom_series import Series
from tavi_perception.imaging.folder import ImageFilesSource, images_in
from tavi_perception.imaging.kind import Kind, kind_of
from tavi_perception.imaging.source import FrameSource, SourceError, shown
from tavi_perception.imaging.video import VideoSource


def open_source(
    path: Path,
    *,
    frame_rate: float | None = None,
    calibration: UserCalibration | None = None,
    bits_stored: int | None = None,
    as_recorded: bool = False,
) -> FrameSource:
    """The frames of a DICOM file, a video, an image, a folder of images or DICOM files, or a bag.

    What it is shows in its content, not in its name.

    Args:
        path: file or folder.
        frame_rate: frames/s instead of recorded times; a bag keeps its stamps.
        calibration: what the user states about the geometry; it takes precedence over anything recorded.
        bits_stored: how many low bits of a pixel carry the grey level; what the input states where None.
        as_recorded: of a bag, only the images that a perception node answered, with their stamps.

    Raises:
        SourceError: it is missing, empty, damaged, or nothing that holds images.
    """
    kind = kind_of(path)
    if as_recorded and kind is not Kind.BAG:
        raise SourceError(f"{shown(path)}: only a bag holds answers, and it is none; leave out --as-recorded")
    match kind:
        case Kind.DICOM:
            if is_dicomdir(path):
                return _open_series(series_listed(path), shown(path), frame_rate, calibration, bits_stored)
            return DicomSource(path, frame_rate=frame_rate, calibration=calibration, bits_stored=bits_stored)
        case Kind.VIDEO:
            return VideoSource(path, frame_rate=frame_rate, calibration=calibration)
        case Kind.IMAGE:
            return ImageFilesSource(
                [path], shown(path), frame_rate=frame_rate, calibration=calibration, bits_stored=bits_stored
            )
        case Kind.FOLDER:
            return _open_folder(path, frame_rate, calibration, bits_stored)
        case Kind.BAG:
            from tavi_perception.bags.source import open_bag_source  # bags build on this package

            return open_bag_source(path, calibration, bits_stored, as_recorded)
        case Kind.UNKNOWN:
            raise SourceError(
                f"{shown(path)}: it holds neither images nor a bag; give a DICOM file, a video, an image, "
                "a folder of images or a rosbag2 bag"
            )


def _open_folder(
    path: Path, frame_rate: float | None, calibration: UserCalibration | None, bits_stored: int | None
) -> FrameSource:
    name = shown(path.resolve())
    series = series_in(path)
    if series is not None:
        return _open_series(series, name, frame_rate, calibration, bits_stored)
    return ImageFilesSource(
        images_in(path), name, frame_rate=frame_rate, calibration=calibration, bits_stored=bits_stored
    )


def _open_series(
    series: Series,
    name: str,
    frame_rate: float | None,
    calibration: UserCalibration | None,
    bits_stored: int | None,
) -> FrameSource:
    if len(series.files) > 1:
        return DicomFolderSource(
            series, name, frame_rate=frame_rate, calibration=calibration, bits_stored=bits_stored
        )
    source = DicomSource(
        series.files[0].path, frame_rate=frame_rate, calibration=calibration, bits_stored=bits_stored
    )
    source.notes, source.losses = (*series.notes, *source.notes), series.losses
    return source
