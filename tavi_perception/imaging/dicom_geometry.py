"""The C-arm geometry of every frame of a DICOM image: one for all, or as the C-arm moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from pydicom.dataset import Dataset

from tavi_perception.calibration import DicomCalibrationTags, UserCalibration, geometry_from_tags
from tavi_perception.carm import CArmGeometry
from tavi_perception.imaging.dicom_tags import TAG_KEYWORDS, calibration_tags
from tavi_perception.imaging.dicom_values import number, numbers, text

_TABLE_INCREMENTS = ("TableVerticalIncrement", "TableLateralIncrement", "TableLongitudinalIncrement")
_FLIPS = ("FieldOfViewHorizontalFlip", "ImageHorizontalFlip")
_ROTATIONS = ("FieldOfViewRotation", "ImageRotation")


def frame_geometries(
    header: Dataset, frame_count: int, calibration: UserCalibration | None
) -> tuple[tuple[CArmGeometry, ...], tuple[str, ...]]:
    """One geometry per frame, and what the user should know.

    Increments of the positioner's angles count from the first frame; the per-frame functional groups of an
    enhanced object come before what it states for all frames.
    """
    notes: list[str] = []
    first = calibration_tags(header)
    per_frame = _grouped_tags(header, first, frame_count, notes) or [first] * frame_count
    per_frame = _turned(per_frame, header, notes)
    known: dict[DicomCalibrationTags, CArmGeometry] = {}
    for index, tags in enumerate(per_frame):
        if tags in known:
            continue
        known[tags], found = geometry_from_tags(tags, calibration)
        if index == 0:
            notes += found
            first_found = found
        elif new := [note for note in found if note not in first_found]:
            prefix = "in some frames, of frame "
            if not any(note.startswith(prefix) for note in notes):
                notes.append(f"{prefix}{index + 1} first: {new[0]}")
    if text(header, "TableMotion") == "DYNAMIC" or any(
        any(numbers(header, keyword)) for keyword in _TABLE_INCREMENTS
    ):
        notes.append("the table moves while it is recorded, which the geometry does not follow")
    return tuple(known[tags] for tags in per_frame), tuple(notes)


def orientation_notes(header: Dataset) -> tuple[str, ...]:
    """What the header says of an image that is mirrored or turned, which is shown as stored."""
    told = [f"{keyword} YES" for keyword in _FLIPS if text(header, keyword) in ("YES", "Y")]
    told += [f"{key} {turn:g}" for key in _ROTATIONS if (turn := number(header, key)) and turn % 360]
    directions = header.get("PatientOrientation")
    if isinstance(directions, (list, tuple)) or hasattr(directions, "__len__"):
        row, column = (*(str(item).strip().upper() for item in directions), "", "")[:2]
        if row.startswith("R") or column.startswith("H"):
            told.append(f"PatientOrientation {row}\\{column}")
    if not told:
        return ()
    return (f"it is mirrored or turned ({', '.join(told)}) and used as it is stored",)


def _turned(
    per_frame: list[DicomCalibrationTags], header: Dataset, notes: list[str]
) -> list[DicomCalibrationTags]:
    """The same with the increments of the positioner's angles added."""
    names = ("PositionerPrimaryAngleIncrement", "PositionerSecondaryAngleIncrement")
    steps = []
    for name in names:
        values = np.array(numbers(header, name))
        if values.size not in (0, len(per_frame)) or not np.isfinite(values).all():
            notes.append(f"its {name} does not give one number per frame and is ignored")
            values = np.zeros(0)
        steps.append(values if values.size else np.zeros(len(per_frame)))
    moving = any(np.ptp(values) > 0 for values in steps)
    states_motion = text(header, "PositionerMotion") == "DYNAMIC" and len(per_frame) > 1
    if states_motion and not moving and len(set(per_frame)) == 1:
        notes.append("the C-arm moves while it is recorded, but only its first position is stated and used")
    return [
        replace(
            tags,
            primary_angle_deg=_sum(tags.primary_angle_deg, primary),
            secondary_angle_deg=_sum(tags.secondary_angle_deg, secondary),
        )
        for tags, primary, secondary in zip(per_frame, *steps, strict=True)
    ]


def _sum(angle: float | None, step: float) -> float | None:
    """Angle and increment (degrees), within -180…180 where the angle itself is."""
    if angle is None or not step:
        return angle
    total = angle + float(step)
    return total if abs(angle) > 180 or abs(total) <= 180 else (total + 180) % 360 - 180


def _grouped_tags(
    header: Dataset, first: DicomCalibrationTags, frame_count: int, notes: list[str]
) -> list[DicomCalibrationTags] | None:
    """What the per-frame functional groups say of each frame; None where there are none."""
    groups = header.get("PerFrameFunctionalGroupsSequence") or []
    if not groups:
        return None
    if len(groups) != frame_count:
        notes.append(f"its functional groups are for {len(groups)} frames: only those of the first are used")
        return None
    if any(_window_of(group) != _window_of(groups[0]) for group in groups):
        notes.append("its frames have windows of their own: that of the first is used for all")
    tags = []
    for group in groups:
        frame = Dataset()
        for source in (header, *macros(group)):
            for keyword in TAG_KEYWORDS:
                if keyword in source:
                    frame[keyword] = source[keyword]
        tags.append(calibration_tags(frame))
    return [first, *tags[1:]]


def macros(group: Dataset) -> Iterator[Dataset]:
    """The items of a functional group that describe its frame."""
    for macro in group:
        if macro.VR == "SQ" and macro.value:
            yield macro.value[0]


def _window_of(group: Dataset) -> tuple[float | None, float | None]:
    for macro in macros(group):
        if "WindowCenter" in macro:
            return number(macro, "WindowCenter"), number(macro, "WindowWidth")
    return None, None
