"""A video file as a sequence of grey frames."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2

from tavi_perception.calibration import DicomCalibrationTags, UserCalibration, geometry_from_tags
from tavi_perception.imaging.grey import ImageRejectedError, grey_from_array
from tavi_perception.imaging.pace import DEFAULT_FRAME_RATE, MAX_FRAME_RATE, check_frame_rate
from tavi_perception.imaging.source import Frame, GreyImage, SourceError, shown

SHORTFALL = 0.5
"""Frames that may be missing at the end: less is rounding."""

ESTIMATED_SHORTFALL = 2.0
"""The same for complete Matroska and WebM files, which state a duration instead of a number of frames."""

_MATROSKA = b"\x1a\x45\xdf\xa3"
_LONGEST_MATROSKA_HEADER = 4096


class VideoSource:
    """The frames of a video file, at the times of its container; a ``FrameSource``.

    Frames that the container states and the file does not hold are a loss.

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
        self.name = shown(path)
        check_frame_rate(frame_rate)
        self._path = path
        self._given_rate = frame_rate
        capture = self._open()
        stated_rate = capture.get(cv2.CAP_PROP_FPS)
        self.frame_count = max(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
        capture.release()
        notes: tuple[str, ...] = ()
        if not self.frame_count:
            notes = ("it states no number of frames: it may be cut off",)
        self._rate = frame_rate or stated_rate
        if not 0 < self._rate <= MAX_FRAME_RATE:
            self._rate = DEFAULT_FRAME_RATE
            notes = (*notes, f"it states no frame rate: {DEFAULT_FRAME_RATE:g} frames/s are assumed")
        height, width = next(self._images())[0].shape
        tags = DicomCalibrationTags(rows=height, columns=width)
        self.geometry, geometry_notes = geometry_from_tags(tags, calibration)
        self.notes = (*notes, *geometry_notes)
        self.losses: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Frame]:
        count, time = 0, 0.0
        for image, time in self._images():
            yield Frame(image, time, self.geometry)
            count += 1
        self._compare_with_stated(count, time)

    def _compare_with_stated(self, count: int, last: float) -> None:
        """Adds a loss where the container states more frames, and more time after the one at ``last`` (s)."""
        if count >= self.frame_count:
            return
        sentence = f"it states {self.frame_count} frames and {count} can be decoded"
        allowed = ESTIMATED_SHORTFALL if _matroska_is_cut_off(self._path) is False else SHORTFALL
        if self.frame_count - 1 - last * self._rate > allowed:
            self.losses = (f"{sentence}: it is cut off or damaged; copy or export it again",)
        elif sentence not in self.notes:
            self.notes = (*self.notes, sentence)

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
        """Through a link with a plain name: others crash OpenCV (not UTF-8), or are taken for URLs."""
        with tempfile.TemporaryDirectory() as folder:
            link = Path(folder) / f"video{_plain(self._path.suffix)}"
            link.symlink_to(self._path.absolute())
            capture = cv2.VideoCapture(str(link))
        if not capture.isOpened():
            raise SourceError(
                f"{self.name}: it is not a video that can be read; convert it to MP4 (H.264) or AVI (MJPEG)"
            )
        return capture


def _plain(suffix: str) -> str:
    return suffix if suffix.isascii() else ""


def _matroska_is_cut_off(path: Path) -> bool | None:
    """Whether the file ends before its segment does (RFC 8794, RFC 9559); None where it is no Matroska."""
    with path.open("rb") as file:
        head = file.read(_LONGEST_MATROSKA_HEADER)
    if not head.startswith(_MATROSKA):
        return None
    header_size, header = _element_size(head, len(_MATROSKA))
    size, segment = _element_size(head, header + (header_size or 0) + len(_MATROSKA))
    return size is None or segment + size > path.stat().st_size


def _element_size(head: bytes, at: int) -> tuple[int | None, int]:
    """The size of an element's content at an offset, None where it is not known, and where that begins."""
    length = 9 - head[at].bit_length() if at < len(head) else 8
    bits = 7 * length
    size = int.from_bytes(head[at : at + length], "big") & ((1 << bits) - 1)
    return (None if size == (1 << bits) - 1 else size), at + length
