"""Opens whatever the user names as a sequence of grey frames."""

from __future__ import annotations

from pathlib import Path

from tavi_perception.calibration import UserCalibration
from tavi_perception.imaging.dicom import DicomSource
from tavi_perception.imaging.dicom_folder import DicomFolderSource
from tavi_perception.imaging.folder import ImageFilesSource, images_in, natural_order
from tavi_perception.imaging.kind import Kind, kind_of
from tavi_perception.imaging.source import FrameSource, SourceError, shown
from tavi_perception.imaging.video import VideoSource


def open_source(
    path: Path,
    *,
    frame_rate: float | None = None,
    calibration: UserCalibration | None = None,
    bits_stored: int | None = None,
) -> FrameSource:
    """The frames of a DICOM file, a video, an image, a folder of images or DICOM files, or a bag.

    What it is shows in its content, not in its name.

    Args:
        path: file or folder.
        frame_rate: frames/s instead of recorded times; a bag keeps its stamps.
        calibration: what the user states about the geometry; it takes precedence over anything recorded.
        bits_stored: how many low bits of 16-bit pixels carry the grey level, in image files and bags; DICOM
            says it itself.

    Raises:
        SourceError: it is missing, empty, damaged, or nothing that holds images.
    """
    match kind_of(path):
        case Kind.DICOM:
            return DicomSource(path, frame_rate=frame_rate, calibration=calibration)
        case Kind.VIDEO:
            return VideoSource(path, frame_rate=frame_rate, calibration=calibration)
        case Kind.IMAGE:
            return ImageFilesSource(
                [path], shown(path), frame_rate=frame_rate, calibration=calibration, bits_stored=bits_stored
            )
        case Kind.FOLDER:
            return _open_folder(path, frame_rate, calibration, bits_stored)
        case Kind.BAG:
            from tavi_perception.bags import open_bag_source  # bags build on this package

            return open_bag_source(path, calibration, bits_stored)
        case Kind.UNKNOWN:
            raise SourceError(
                f"{shown(path)}: it holds neither images nor a bag; give a DICOM file, a video, an image, "
                "a folder of images or a rosbag2 bag"
            )


def _open_folder(
    path: Path, frame_rate: float | None, calibration: UserCalibration | None, bits_stored: int | None
) -> FrameSource:
    name = shown(path.resolve())
    images = images_in(path)
    if images:
        return ImageFilesSource(
            images, name, frame_rate=frame_rate, calibration=calibration, bits_stored=bits_stored
        )
    dicoms = [file for file in natural_order(path.iterdir()) if _is_dicom(file)]
    if len(dicoms) == 1:
        return DicomSource(dicoms[0], frame_rate=frame_rate, calibration=calibration)
    return DicomFolderSource(dicoms, name, frame_rate=frame_rate, calibration=calibration)


def _is_dicom(path: Path) -> bool:
    try:
        return kind_of(path) is Kind.DICOM
    except SourceError:
        return False
