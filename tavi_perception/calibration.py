"""Which pixel size at the patient takes precedence: the one stated by the user, or by one of the tags."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tavi_perception import carm
from tavi_perception.carm import MAGNIFICATION_RANGE, Calibration, CArmGeometry, uncalibrated

NOMINAL_SOURCE_TO_DETECTOR_MM = 1108.0
NOMINAL_SOURCE_TO_PATIENT_MM = 788.0
"""Distances assumed when only the pixel size is known: a real C-arm (Siemens XA headers, middle of three)."""

MAX_DISAGREEMENT = 0.05
"""Relative difference between two statements of the magnification above which the user is warned."""

MAX_ANISOTROPY = 0.01
"""Relative difference of row and column spacing above which pixels are not square."""

SAME_SPACING = 1e-4
"""Relative difference below which two spacings are the same number, written with other digits."""

LENGTH_RANGE_MM = (1e3 * carm.LENGTH_RANGE[0], 1e3 * carm.LENGTH_RANGE[1])
SPACING_RANGE_MM = (1e3 * carm.SPACING_RANGE[0], 1e3 * carm.SPACING_RANGE[1])


@dataclass(frozen=True)
class DicomCalibrationTags:
    """What an image's header says about its geometry; None where it says nothing.

    Spacings are (between rows, between columns), as in DICOM.

    Attributes:
        imager_pixel_spacing_mm: ImagerPixelSpacing (0018,1164), at the detector.
        source_to_detector_mm: DistanceSourceToDetector (0018,1110).
        source_to_patient_mm: DistanceSourceToPatient (0018,1111).
        magnification: EstimatedRadiographicMagnificationFactor (0018,1114).
        pixel_spacing_mm: PixelSpacing (0028,0030), at the patient if calibrated.
        pixel_spacing_calibration_type: PixelSpacingCalibrationType (0028,0A02).
        primary_angle_deg: PositionerPrimaryAngle (0018,1510), LAO +, RAO −.
        secondary_angle_deg: PositionerSecondaryAngle (0018,1511), CRA +, CAU −.
        rows, columns: image matrix (px).
    """

    imager_pixel_spacing_mm: tuple[float, float] | None = None
    source_to_detector_mm: float | None = None
    source_to_patient_mm: float | None = None
    magnification: float | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    pixel_spacing_calibration_type: str | None = None
    primary_angle_deg: float | None = None
    secondary_angle_deg: float | None = None
    rows: int | None = None
    columns: int | None = None


@dataclass(frozen=True)
class UserCalibration:
    """What the user states: the pixel size at the patient, or the C-arm's distances and detector pitch (mm).

    Distances that are not given are taken from the image's tags where those have them.
    """

    pixel_size_mm: float | None = None
    source_to_detector_mm: float | None = None
    source_to_patient_mm: float | None = None
    imager_pixel_spacing_mm: float | None = None


def geometry_from_tags(
    tags: DicomCalibrationTags, user: UserCalibration | None = None
) -> tuple[CArmGeometry, tuple[str, ...]]:
    """The C-arm geometry that the header and the user's calibration support, and what to tell the user.

    Order of trust: user > PixelSpacing of type FIDUCIAL > of type GEOMETRY > ImagerPixelSpacing × SOD/SID
    > ImagerPixelSpacing / magnification > uncalibrated. PixelSpacing equal to ImagerPixelSpacing is not
    calibrated (DICOM PS3.3 section 10.7.1). Implausible values are left out and noted; nothing raises.
    Where the pixel size is known but the distances are not, they are nominal: the scale is exact, the
    depth z of the landmarks is not. Angles that are not known are NaN.
    """
    notes: list[str] = []
    stated = _plausible(tags, user or UserCalibration(), notes)
    width, height = tags.columns or 0, tags.rows or 0
    primary = _radians(tags.primary_angle_deg, "PositionerPrimaryAngle", notes)
    secondary = _radians(tags.secondary_angle_deg, "PositionerSecondaryAngle", notes)

    pixel_size, calibration = _first_in_precedence(stated, notes)
    if pixel_size is None or width <= 0 or height <= 0:
        notes.append("the image is uncalibrated: results are in pixels, there are no millimetres")
        return uncalibrated(width, height, primary, secondary), tuple(notes)

    nominal = NOMINAL_SOURCE_TO_DETECTOR_MM, NOMINAL_SOURCE_TO_PATIENT_MM
    for detector, patient in (_distances(stated, notes), nominal):
        try:
            geometry = CArmGeometry(
                source_to_detector=detector / 1000,
                source_to_object=patient / 1000,
                imager_pixel_spacing=pixel_size * detector / patient / 1000,
                image_width=width,
                image_height=height,
                primary_angle=primary,
                secondary_angle=secondary,
                calibration=calibration,
            )
            return geometry, tuple(notes)
        except ValueError as error:  # by what the statements imply together
            notes.append(
                f"the stated distances are not used, since they lead to an impossible geometry ({error})"
            )
    notes[-1] = f"the image is uncalibrated: a pixel of {pixel_size:g} mm at the patient is impossible"
    return uncalibrated(width, height, primary, secondary), tuple(notes)


@dataclass(frozen=True)
class _Stated:
    """The plausible part of what user and tags say (mm); spacings of square pixels."""

    user_pixel_size: float | None
    from_user: bool
    """The user gave at least one of the distances or the detector pitch."""
    imager_spacing: float | None
    detector: float | None
    patient: float | None
    magnification: float | None
    pixel_spacing: float | None
    calibration_type: str


def _plausible(tags: DicomCalibrationTags, user: UserCalibration, notes: list[str]) -> _Stated:
    def number(value: float | None, bounds: tuple[float, float], name: str) -> float | None:
        if value is None or bounds[0] <= value <= bounds[1]:
            return value
        notes.append(f"{name} of {value:g} is implausible (not {bounds[0]:g} to {bounds[1]:g}) and ignored")
        return None

    def spacing(pair: tuple[float, float] | None, name: str) -> float | None:
        if pair is None:
            return None
        row, column = pair
        for value in (min(pair), max(pair)):
            if number(value, SPACING_RANGE_MM, f"{name} (mm)") is None:
                return None
        if abs(row / column - 1) > MAX_ANISOTROPY:
            notes.append(f"{name} is ignored because its pixels are not square ({row:g} x {column:g} mm)")
            return None
        return (row + column) / 2

    user_values = (
        number(user.imager_pixel_spacing_mm, SPACING_RANGE_MM, "the given detector pixel spacing (mm)"),
        number(user.source_to_detector_mm, LENGTH_RANGE_MM, "the given source-detector distance (mm)"),
        number(user.source_to_patient_mm, LENGTH_RANGE_MM, "the given source-patient distance (mm)"),
    )
    tag_values = (
        spacing(tags.imager_pixel_spacing_mm, "ImagerPixelSpacing"),
        number(tags.source_to_detector_mm, LENGTH_RANGE_MM, "DistanceSourceToDetector (mm)"),
        number(tags.source_to_patient_mm, LENGTH_RANGE_MM, "DistanceSourceToPatient (mm)"),
    )
    imager, detector, patient = (
        own if own is not None else tag for own, tag in zip(user_values, tag_values, strict=True)
    )
    from_user = any(value is not None for value in user_values)
    if detector is not None and patient is not None and patient > detector:
        notes.append(
            f"the distances are ignored because the patient ({patient:g} mm from the source) "
            f"would lie behind the detector ({detector:g} mm)"
        )
        detector = patient = None
    return _Stated(
        number(user.pixel_size_mm, SPACING_RANGE_MM, "the given pixel size (mm)"),
        from_user,
        imager,
        detector,
        patient,
        number(tags.magnification, MAGNIFICATION_RANGE, "EstimatedRadiographicMagnificationFactor"),
        spacing(tags.pixel_spacing_mm, "PixelSpacing"),
        (tags.pixel_spacing_calibration_type or "").strip().upper(),
    )


def _first_in_precedence(stated: _Stated, notes: list[str]) -> tuple[float | None, Calibration]:
    """Pixel size at the patient (mm) and where it comes from, by order of precedence."""
    by_distance = by_factor = None
    if stated.imager_spacing is not None:
        if stated.detector is not None and stated.patient is not None:
            by_distance = stated.imager_spacing * stated.patient / stated.detector
        if stated.magnification is not None:
            by_factor = stated.imager_spacing / stated.magnification
    _note_disagreement(stated, by_distance, notes)

    if stated.user_pixel_size is not None:
        return stated.user_pixel_size, Calibration.USER
    if stated.from_user:
        if by_distance is not None:
            return by_distance, Calibration.USER
        notes.append(
            "the given calibration is incomplete and ignored: give the pixel size at the patient, or "
            "source-detector distance, source-patient distance and detector pixel spacing"
        )
    by_spacing = _calibrated_pixel_spacing(stated, notes)
    if by_spacing is not None:
        return by_spacing, Calibration[stated.calibration_type]
    if by_distance is not None:
        return by_distance, Calibration.GEOMETRY
    return by_factor, Calibration.MAGNIFICATION


def _calibrated_pixel_spacing(stated: _Stated, notes: list[str]) -> float | None:
    """PixelSpacing, if it holds at the patient (mm)."""
    spacing = stated.pixel_spacing
    if spacing is None:
        return None
    if stated.imager_spacing is not None and abs(spacing / stated.imager_spacing - 1) < SAME_SPACING:
        notes.append("PixelSpacing is not used: it equals ImagerPixelSpacing, so it holds at the detector")
        return None
    if stated.calibration_type not in (Calibration.FIDUCIAL.name, Calibration.GEOMETRY.name):
        notes.append("PixelSpacing is not used: its calibration type is neither FIDUCIAL nor GEOMETRY")
        return None
    return spacing


def _note_disagreement(stated: _Stated, by_distance: float | None, notes: list[str]) -> None:
    if stated.detector is not None and stated.patient is not None and stated.magnification is not None:
        ratio = stated.detector / stated.patient
        if abs(ratio / stated.magnification - 1) > MAX_DISAGREEMENT:
            notes.append(
                f"the magnification by distances ({ratio:.3f}) and the estimated one "
                f"({stated.magnification:.3f}) differ by more than {MAX_DISAGREEMENT:.0%}"
            )
    given = stated.user_pixel_size
    if given is not None and by_distance is not None and abs(given / by_distance - 1) > MAX_DISAGREEMENT:
        notes.append(
            f"the given pixel size ({given:.4g} mm) and the one by distances ({by_distance:.4g} mm) "
            f"differ by more than {MAX_DISAGREEMENT:.0%}; the given one is used"
        )


def _distances(stated: _Stated, notes: list[str]) -> tuple[float, float]:
    """Source to detector and source to patient (mm), nominal where they are not stated."""
    if stated.detector is not None and stated.patient is not None:
        return stated.detector, stated.patient
    nominal = NOMINAL_SOURCE_TO_DETECTOR_MM / NOMINAL_SOURCE_TO_PATIENT_MM
    ratio = stated.magnification if stated.magnification is not None else nominal
    if stated.patient is not None:
        detector, patient = stated.patient * ratio, stated.patient
    else:
        detector = stated.detector if stated.detector is not None else NOMINAL_SOURCE_TO_DETECTOR_MM
        patient = detector / ratio
    notes.append(
        f"source-detector {detector:.0f} mm and source-patient {patient:.0f} mm are partly nominal: "
        "the scale is that of the calibration, the depth z is an assumption"
    )
    return detector, patient


def _radians(degrees: float | None, name: str, notes: list[str]) -> float:
    if degrees is None:
        return math.nan
    if not abs(degrees) <= 180:
        notes.append(f"{name} of {degrees:g} degrees is implausible and ignored")
        return math.nan
    return math.radians(degrees)
