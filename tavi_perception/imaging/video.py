"""A video file as a sequence of grey frames."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import cv2

from tavi_perception.calibration import DicomCalibrationTags, UserCalibration, geometry_from_tags
from tavi_perception.imaging.grey import ImageRejectedError, grey_from_array
from tavi_perception.imaging.pace import DEFAULT_FRAME_RATE, MAX_FRAME_RATE, check_frame_rate
from tavi_perception.imaging.source import Frame, GreyImage, SourceError


class VideoSource:
    """The frames of a video file, at the times of its container; a ``FrameSource``.

    Args:
        path: a video that OpenCV decodes.
        frame_rate: frames/s instead of the recorded times.
        calibration: what the user states about the geometry; a video records none.

    Raises:
        SourceError: the file is no video, or its encoding cannot be decoded.
    """

    def __init__(
        self, path: Path, *, frame_rate: float | None = None, calibration: UserCalibration | None = None
    ) -> None:
        self.name = path.name
        check_frame_rate(frame_rate)
        self._path = path
        self._given_rate = frame_rate
        capture = self._open()
        stated_rate = capture.get(cv2.CAP_PROP_FPS)
        self.frame_count = max(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
        capture.release()
        notes: tuple[str, ...] = ()
        self._rate = frame_rate or stated_rate
        if not 0 < self._rate <= MAX_FRAME_RATE:
            self._rate = DEFAULT_FRAME_RATE
            notes = (f"it states no frame rate: {DEFAULT_FRAME_RATE:g} frames/s are assumed",)
        height, width = next(self._images())[0].shape
        tags = DicomCalibrationTags(rows=height, columns=width)
        self.geometry, geometry_notes = geometry_from_tags(tags, calibration)
        self.notes = (*notes, *geometry_notes)
        self.losses: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Frame]:
        for image, time in self._images():
            yield Frame(image, time, self.geometry)

    def _images(self) -> Iterator[tuple[GreyImage, float]]:
        """Images and their times (s since the first one)."""
        capture = self._open()
        try:
            index, start, time = 0, 0.0, -math.inf
            while True:
                readable, image = capture.read()
                if not readable:
                    break
                stated = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                start = stated if index == 0 else start
                time = self._time(index, stated - start, time)
                yield grey_from_array(image, self.name), time
                index += 1
        except (cv2.error, ImageRejectedError) as error:
            raise SourceError(f"{self.name}: frame {index} cannot be decoded; convert the video") from error
        finally:
            capture.release()
        if index == 0:
            raise SourceError(
                f"{self.name}: no frame of the video can be decoded; convert it to MP4 (H.264) or AVI (MJPEG)"
            )

    def _time(self, index: int, stated: float, previous: float) -> float:
        """The container's time where it advances, else the frame rate's."""
        if self._given_rate is not None:
            return index / self._given_rate
        if index == 0:
            return 0.0
        return stated if stated > previous else previous + 1 / self._rate

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            raise SourceError(
                f"{self.name}: it is not a video that can be read; convert it to MP4 (H.264) or AVI (MJPEG)"
            )
        return capture
