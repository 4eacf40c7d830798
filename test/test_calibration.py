"""Which statement about the pixel size is trusted, and what the user is told of the others."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.calibration import (
    NOMINAL_SOURCE_TO_DETECTOR_MM,
    NOMINAL_SOURCE_TO_PATIENT_MM,
    DicomCalibrationTags,
    UserCalibration,
    geometry_from_tags,
)
from tavi_perception.carm import Calibration

IMAGE = DicomCalibrationTags(rows=512, columns=640)
BY_MAGNIFICATION = replace(IMAGE, imager_pixel_spacing_mm=(0.28, 0.28), magnification=1.4)
BY_DISTANCE = replace(BY_MAGNIFICATION, source_to_detector_mm=1000.0, source_to_patient_mm=700.0)
BY_GEOMETRY = replace(BY_DISTANCE, pixel_spacing_mm=(0.21, 0.21), pixel_spacing_calibration_type="GEOMETRY")
BY_FIDUCIAL = replace(BY_DISTANCE, pixel_spacing_mm=(0.22, 0.22), pixel_spacing_calibration_type="FIDUCIAL")

anything = st.one_of(st.none(), st.floats(), st.floats(0.01, 2000))
pairs = st.one_of(st.none(), st.tuples(st.floats(), st.floats()), st.floats(0.05, 1).map(lambda v: (v, v)))
any_tags = st.builds(
    DicomCalibrationTags,
    imager_pixel_spacing_mm=pairs,
    source_to_detector_mm=anything,
    source_to_patient_mm=anything,
    magnification=anything,
    pixel_spacing_mm=pairs,
    pixel_spacing_calibration_type=st.sampled_from([None, "FIDUCIAL", "GEOMETRY", "", "x"]),
    primary_angle_deg=anything,
    secondary_angle_deg=anything,
    rows=st.sampled_from([None, 0, 512]),
    columns=st.sampled_from([None, -1, 512]),
)
any_user = st.one_of(st.none(), st.builds(UserCalibration, anything, anything, anything, anything))


def millimetres(tags, user=None):
    geometry, _ = geometry_from_tags(tags, user)
    return geometry.metres_per_px * 1000, geometry.calibration


def notes(tags, user=None):
    return " | ".join(geometry_from_tags(tags, user)[1])


@pytest.mark.parametrize(
    ("tags", "user", "size", "source"),
    [
        (BY_FIDUCIAL, UserCalibration(pixel_size_mm=0.25), 0.25, Calibration.USER),
        (BY_FIDUCIAL, None, 0.22, Calibration.FIDUCIAL),
        (BY_GEOMETRY, None, 0.21, Calibration.GEOMETRY),
        (BY_DISTANCE, None, 0.28 * 700 / 1000, Calibration.GEOMETRY),
        (BY_MAGNIFICATION, None, 0.28 / 1.4, Calibration.MAGNIFICATION),
    ],
)
def test_first_statement_in_precedence_gives_the_pixel_size(tags, user, size, source):
    found, calibration = millimetres(tags, user)
    assert found == pytest.approx(size, rel=1e-12)
    assert calibration is source


@pytest.mark.parametrize(
    "tags",
    [
        IMAGE,
        replace(IMAGE, imager_pixel_spacing_mm=(0.28, 0.28)),
        replace(IMAGE, source_to_detector_mm=1000.0, source_to_patient_mm=700.0, magnification=1.4),
        replace(IMAGE, imager_pixel_spacing_mm=(0.28, 0.28), source_to_detector_mm=1000.0),
        replace(IMAGE, pixel_spacing_mm=(0.2, 0.2)),
        replace(BY_DISTANCE, rows=None),
    ],
)
def test_too_little_is_uncalibrated_and_said(tags):
    geometry, told = geometry_from_tags(tags)
    assert not geometry.calibrated
    assert any("uncalibrated" in note for note in told)


def test_pixel_spacing_equal_to_the_detectors_is_not_calibrated():
    tags = replace(IMAGE, imager_pixel_spacing_mm=(0.28, 0.28), pixel_spacing_mm=(0.28, 0.28))
    tags = replace(tags, pixel_spacing_calibration_type="FIDUCIAL")
    assert not geometry_from_tags(tags)[0].calibrated
    assert "equals ImagerPixelSpacing" in notes(tags)


def test_pixel_spacing_without_a_calibration_type_is_left_aside():
    tags = replace(BY_FIDUCIAL, pixel_spacing_calibration_type=None)
    assert millimetres(tags)[1] is Calibration.GEOMETRY
    assert millimetres(tags)[0] == pytest.approx(0.28 * 0.7)
    assert "neither FIDUCIAL nor GEOMETRY" in notes(tags)


@pytest.mark.parametrize(("magnification", "warned"), [(1.0 / 0.7 * 1.04, False), (1.0 / 0.7 * 1.06, True)])
def test_contradicting_magnifications_are_warned_of(magnification, warned):
    assert ("differ by more than 5%" in notes(replace(BY_DISTANCE, magnification=magnification))) is warned


def test_given_size_far_from_the_recorded_one_is_warned_of():
    assert "the given one is used" in notes(BY_DISTANCE, UserCalibration(pixel_size_mm=0.3))


@pytest.mark.parametrize(
    "user",
    [
        UserCalibration(source_to_detector_mm=1100, source_to_patient_mm=770, imager_pixel_spacing_mm=0.3),
        UserCalibration(source_to_detector_mm=1000, source_to_patient_mm=700, imager_pixel_spacing_mm=0.3),
    ],
)
def test_given_distances_and_pitch_are_used_alone(user):
    size, calibration = millimetres(BY_FIDUCIAL, user)
    assert size == pytest.approx(0.21, rel=1e-12)
    assert calibration is Calibration.USER


def test_given_distance_is_completed_from_the_tags():
    size, calibration = millimetres(BY_FIDUCIAL, UserCalibration(source_to_patient_mm=750))
    assert size == pytest.approx(0.28 * 0.75, rel=1e-12)
    assert calibration is Calibration.USER


def test_incomplete_given_calibration_is_ignored_and_said():
    user = UserCalibration(source_to_detector_mm=1000)
    assert not geometry_from_tags(IMAGE, user)[0].calibrated
    assert "incomplete" in notes(IMAGE, user)


def test_given_size_serves_an_image_without_tags():
    assert millimetres(IMAGE, UserCalibration(pixel_size_mm=0.17))[0] == pytest.approx(0.17, rel=1e-12)


def test_recorded_distances_give_the_depth_of_a_given_size():
    geometry, told = geometry_from_tags(BY_DISTANCE, UserCalibration(pixel_size_mm=0.2))
    assert geometry.source_to_object == pytest.approx(0.7)
    assert geometry.source_to_detector == pytest.approx(1.0)
    assert not any("nominal" in note for note in told)


def test_unknown_distances_are_nominal_and_said():
    geometry, told = geometry_from_tags(IMAGE, UserCalibration(pixel_size_mm=0.2))
    assert geometry.source_to_detector == pytest.approx(NOMINAL_SOURCE_TO_DETECTOR_MM / 1000)
    assert geometry.source_to_object == pytest.approx(NOMINAL_SOURCE_TO_PATIENT_MM / 1000)
    assert any("nominal" in note for note in told)


@pytest.mark.parametrize(
    ("known", "detector", "patient"),
    [({"source_to_detector_mm": 1120.0}, 1.12, 0.8), ({"source_to_patient_mm": 800.0}, 1.12, 0.8)],
)
def test_magnification_completes_a_single_distance(known, detector, patient):
    geometry, _ = geometry_from_tags(replace(BY_MAGNIFICATION, **known))
    assert geometry.source_to_detector == pytest.approx(detector)
    assert geometry.source_to_object == pytest.approx(patient)
    assert geometry.metres_per_px == pytest.approx(0.2e-3, rel=1e-12)


@pytest.mark.parametrize(("column", "calibrated"), [(0.2805, True), (0.2840, False)])
def test_pixels_that_are_not_square_are_not_calibrated(column, calibrated):
    tags = replace(BY_DISTANCE, imager_pixel_spacing_mm=(0.28, column))
    assert geometry_from_tags(tags)[0].calibrated is calibrated
    assert ("not square" in notes(tags)) is not calibrated


@pytest.mark.parametrize(
    "change",
    [
        {"source_to_detector_mm": 0.0},
        {"source_to_detector_mm": -1000.0},
        {"source_to_patient_mm": math.nan},
        {"source_to_patient_mm": math.inf},
        {"source_to_patient_mm": 1200.0},
        {"source_to_detector_mm": 1.0, "source_to_patient_mm": 0.7},
    ],
)
def test_implausible_distance_is_passed_over_and_said(change):
    tags = replace(BY_DISTANCE, **change)
    assert millimetres(tags)[1] is Calibration.MAGNIFICATION
    assert "ignored" in notes(tags)


@pytest.mark.parametrize("value", [0.0, -0.2, math.nan, 200.0])
def test_implausible_given_size_is_passed_over_and_said(value):
    user = UserCalibration(pixel_size_mm=value)
    assert millimetres(BY_DISTANCE, user)[1] is Calibration.GEOMETRY
    assert "the given pixel size" in notes(BY_DISTANCE, user)


def test_lao_and_cranial_are_positive_radians():
    geometry, _ = geometry_from_tags(replace(BY_DISTANCE, primary_angle_deg=30.0, secondary_angle_deg=-20.0))
    assert geometry.primary_angle == pytest.approx(math.pi / 6)
    assert geometry.secondary_angle == pytest.approx(-math.pi / 9)


@pytest.mark.parametrize("angle", [None, math.nan, 400.0])
def test_unknown_angle_is_nan(angle):
    assert math.isnan(geometry_from_tags(replace(BY_DISTANCE, primary_angle_deg=angle))[0].primary_angle)


def test_angles_are_kept_without_calibration():
    geometry, _ = geometry_from_tags(replace(IMAGE, primary_angle_deg=-32.0))
    assert math.degrees(geometry.primary_angle) == pytest.approx(-32)


@given(tags=any_tags, user=any_user)
def test_no_statement_raises_and_a_calibrated_geometry_is_possible(tags, user):
    geometry, told = geometry_from_tags(tags, user)
    if geometry.calibrated:
        assert geometry.metres_per_px > 0
        assert geometry.source_to_object <= geometry.source_to_detector
    else:
        assert told


@given(size=st.floats(0.01, 1), tags=any_tags)
def test_given_size_is_exact_whatever_the_tags_say(size, tags):
    tags = replace(tags, rows=512, columns=512)
    found, calibration = millimetres(tags, UserCalibration(pixel_size_mm=size))
    assert found == pytest.approx(size, rel=1e-12)
    assert calibration is Calibration.USER


def test_distances_that_lead_to_an_impossible_geometry_are_not_used():
    tags = replace(IMAGE, source_to_detector_mm=151.0)
    geometry, notes = geometry_from_tags(tags, UserCalibration(pixel_size_mm=0.3))
    assert geometry.metres_per_px == pytest.approx(0.3e-3)
    assert geometry.source_to_object == pytest.approx(NOMINAL_SOURCE_TO_PATIENT_MM / 1000)
    assert any("impossible geometry" in note for note in notes)


def test_a_pixel_size_that_no_detector_gives_leaves_the_image_uncalibrated():
    geometry, notes = geometry_from_tags(IMAGE, UserCalibration(pixel_size_mm=9.9))
    assert not geometry.calibrated and "uncalibrated" in notes[-1]
