"""What a DICOM header says about times and geometry, as far as it can be read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.valuerep import DT

from tavi_perception.calibration import DicomCalibrationTags
from tavi_perception.imaging.dicom_values import number, numbers, text
from tavi_perception.imaging.pace import DEFAULT_FRAME_RATE

FRAME_TIME_RANGE_MS = (1.0, 60_000.0)
"""Plausible times between frames."""

TAG_KEYWORDS = (
    *("ImagerPixelSpacing", "PixelSpacing", "PixelSpacingCalibrationType"),
    *("DistanceSourceToDetector", "DistanceSourceToPatient", "EstimatedRadiographicMagnificationFactor"),
    *("PositionerPrimaryAngle", "PositionerSecondaryAngle", "Rows", "Columns"),
)
"""What ``calibration_tags`` reads."""


def calibration_tags(header: Dataset) -> DicomCalibrationTags:
    """The tags that calibration rests on; what cannot be read is None."""
    rows, columns = number(header, "Rows"), number(header, "Columns")
    return DicomCalibrationTags(
        imager_pixel_spacing_mm=_pair(header, "ImagerPixelSpacing"),
        source_to_detector_mm=number(header, "DistanceSourceToDetector"),
        source_to_patient_mm=number(header, "DistanceSourceToPatient"),
        magnification=number(header, "EstimatedRadiographicMagnificationFactor"),
        pixel_spacing_mm=_pair(header, "PixelSpacing"),
        pixel_spacing_calibration_type=text(header, "PixelSpacingCalibrationType") or None,
        primary_angle_deg=number(header, "PositionerPrimaryAngle"),
        secondary_angle_deg=number(header, "PositionerSecondaryAngle"),
        rows=None if rows is None else int(rows),
        columns=None if columns is None else int(columns),
    )


def frame_times(
    header: Dataset, frame_count: int, frame_rate: float | None = None
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """(frame_count,) s since the first frame, and what the user should know.

    The times are those of ``frame_rate`` (frames/s) where it is given; else of the first that is plausible
    among FrameTimeVector, the frames' own times (enhanced objects), FrameTime, CineRate,
    RecommendedDisplayFrameRate; else ``DEFAULT_FRAME_RATE``.
    """
    if frame_rate is not None:
        return np.arange(frame_count, dtype=np.float64) / frame_rate, ()
    notes: list[str] = []
    vector = np.array(numbers(header, "FrameTimeVector"))
    if vector.size and frame_count > 1:
        if vector.size == frame_count and all(_plausible(step) for step in vector[1:]):
            steps = np.concatenate([[0.0], vector[1:]])
            return np.asarray(np.cumsum(steps) / 1000, dtype=np.float64), ()
        notes.append("its FrameTimeVector is ignored: it does not give one plausible time per frame")
    content = _content_times(header, frame_count, notes)
    if content is not None:
        return content, tuple(notes)
    frame_time = number(header, "FrameTime")
    rates = [number(header, "CineRate"), number(header, "RecommendedDisplayFrameRate")]
    candidates = [frame_time, *(1000 / rate if rate else None for rate in rates)]
    if frame_time is not None and not _plausible(frame_time) and frame_count > 1:
        notes.append(f"its FrameTime of {frame_time:g} ms is implausible and ignored")
    step = next((value for value in candidates if value is not None and _plausible(value)), None)
    if step is None:
        step = 1000 / DEFAULT_FRAME_RATE
        if frame_count > 1:
            notes.append(f"it records no usable frame time: {DEFAULT_FRAME_RATE:g} frames/s are assumed")
    return np.arange(frame_count, dtype=np.float64) * (step / 1000), tuple(notes)


def _content_times(header: Dataset, frame_count: int, notes: list[str]) -> NDArray[np.float64] | None:
    """(frame_count,) s since the first frame by the frame contents of an enhanced object, if it has them."""
    contents = [
        group.FrameContentSequence[0]
        for group in header.get("PerFrameFunctionalGroupsSequence") or ()
        if group.get("FrameContentSequence")
    ]
    for keyword in ("FrameReferenceDateTime", "FrameAcquisitionDateTime"):
        stamps = [DT(text(content, keyword)) for content in contents if content.get(keyword)]
        if len(stamps) != frame_count or frame_count < 2:
            continue
        times = np.array([(stamp - stamps[0]).total_seconds() for stamp in stamps])
        if all(_plausible(step) for step in np.diff(times) * 1000):
            return times
        notes.append(f"its {keyword} is ignored: it does not give one plausible time per frame")
    return None


def _plausible(milliseconds: float) -> bool:
    return FRAME_TIME_RANGE_MS[0] <= milliseconds <= FRAME_TIME_RANGE_MS[1]


def _pair(header: Dataset, keyword: str) -> tuple[float, float] | None:
    values = numbers(header, keyword)
    return (values[0], values[1]) if len(values) == 2 else None
