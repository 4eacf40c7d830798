"""Key frames of a run, as pictures."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tavi_perception.estimates import AnnulusFrame, AnnulusSource, CatheterDeviation, Keypoints, Stage
from tavi_perception.imaging.grey import ImageRejectedError
from tavi_perception.imaging.source import GreyImage
from tavi_perception.visualization.accuracy import depth_error_mm, landmark_errors_px
from tavi_perception.visualization.overlay import draw_overlay
from tavi_perception.visualization.recording import RecordedFrame, Recording, read_images
from tavi_perception.visualization.words import STAGES, reasons_in_words, verdict

PICTURES = 8
_LARGEST = 900
"""Longer side of a picture (px), so that eight of them stay a small file."""
_QUALITY = 82


@dataclass(frozen=True)
class Picture:
    """An overlay with its caption; ``data`` is a data: URL."""

    data: str
    title: str
    caption: str
    width: int
    height: int


def film_strip(recording: Recording, target_depth_m: float, tolerance_m: float) -> tuple[Picture, ...]:
    """At most 8 overlays in order of time; empty when no image was recorded.

    Raises:
        BagError: the bag cannot be read again.
    """
    chosen = choose_frames([frame for frame in recording.frames if frame.has_image])
    try:
        images = read_images(recording.path, {frame.stamp_ns for frame, _ in chosen})
    except ImageRejectedError:
        return ()
    return tuple(
        _picture(frame, title, images[frame.stamp_ns], recording, target_depth_m, tolerance_m)
        for frame, title in chosen
        if frame.stamp_ns in images
    )


def choose_frames(frames: Sequence[RecordedFrame]) -> list[tuple[RecordedFrame, str]]:
    """First, first contrast, first valid, each new stage, worst and last, then evenly over time."""
    if not frames:
        return []
    titles: dict[int, str] = {0: "First frame"}
    for index, title in (
        *((index, "First contrast") for index in _first(frames, _has_contrast)),
        *((index, "First valid") for index in _first(frames, _is_valid)),
        *_new_stages(frames),
        *_worst(frames),
        (len(frames) - 1, "Last frame"),
    ):
        if len(titles) < PICTURES:
            titles.setdefault(index, title)
    for index in np.linspace(0, len(frames) - 1, PICTURES).round().astype(int):
        if len(titles) < PICTURES:
            titles.setdefault(int(index), "In between")
    return [(frames[index], titles[index]) for index in sorted(titles)]


def _first(frames: Sequence[RecordedFrame], wanted: Callable[[RecordedFrame], bool]) -> list[int]:
    return [index for index, frame in enumerate(frames) if wanted(frame)][:1]


def _has_contrast(frame: RecordedFrame) -> bool:
    annulus = frame.found.annulus
    return annulus is not None and annulus.valid and annulus.source is AnnulusSource.CONTRAST


def _is_valid(frame: RecordedFrame) -> bool:
    return frame.found.deviation is not None and frame.found.deviation.valid


def _new_stages(frames: Sequence[RecordedFrame]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    seen: set[Stage] = {Stage.UNKNOWN}
    for index, frame in enumerate(frames):
        deviation = frame.found.deviation
        if deviation is not None and deviation.stage not in seen:
            seen.add(deviation.stage)
            found.append((index, f"Stage: {STAGES[deviation.stage]}"))
    return found


def _worst(frames: Sequence[RecordedFrame]) -> list[tuple[int, str]]:
    """By error of depth, else of landmarks, against the truth; without one, by uncertainty of depth."""
    depth = np.abs([depth_error_mm(frame) for frame in frames])
    if np.isfinite(depth).any():
        return [(int(np.nanargmax(depth)), f"Largest depth error: {np.nanmax(depth):.1f} mm")]
    points = np.array([np.nanmax([0.0, *landmark_errors_px(frame)]) for frame in frames])
    if points.max() > 0:
        return [(int(points.argmax()), f"Largest landmark error: {points.max():.0f} px")]
    deviations = [frame.found.deviation or CatheterDeviation() for frame in frames]
    sigma = np.array([deviation.depth_sigma for deviation in deviations])
    if np.isfinite(sigma).any():
        return [(int(np.nanargmax(sigma)), "Least certain depth")]
    return []


def _picture(
    frame: RecordedFrame,
    title: str,
    image: GreyImage,
    recording: Recording,
    target_depth_m: float,
    tolerance_m: float,
) -> Picture:
    found = frame.found
    height, width = image.shape
    deviation = found.deviation or CatheterDeviation()
    overlay = draw_overlay(
        image,
        found.keypoints or Keypoints.absent(width, height),
        found.annulus or AnnulusFrame(),
        deviation,
        target_depth_m,
        tolerance_m,
        recording.geometry.for_image(width, height).metres_per_px,
    )
    factor = _LARGEST / max(height, width)
    if factor < 1:
        size = (round(width * factor), round(height * factor))
        overlay = np.asarray(cv2.resize(overlay, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    _, jpeg = cv2.imencode(".jpg", overlay, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    caption = f"{frame.time:.2f} s · {_verdict(found.deviation)}"
    data = "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode("ascii")
    return Picture(data, title, caption, overlay.shape[1], overlay.shape[0])


def _verdict(deviation: CatheterDeviation | None) -> str:
    if deviation is None:
        return "not processed"
    words = ", ".join(reasons_in_words(deviation.reasons)) if not deviation.valid else ""
    return verdict(deviation).lower() + (f": {words}" if words else "")
