"""Every frame of a DICOM image has the geometry that it was taken with."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tavi_perception.imaging.dicom import DicomSource


@pytest.fixture
def write_cine(picture, write_dicom):
    def write(count=3, **elements):
        return DicomSource(write_dicom(np.stack([picture] * count), FrameTime=40, **elements))

    return write


def angles(source):
    return [
        (round(math.degrees(g.primary_angle), 6), round(math.degrees(g.secondary_angle), 6))
        for g in (frame.geometry for frame in source)
    ]


def test_increments_of_the_angles_turn_the_geometry(write_cine):
    source = write_cine(
        PositionerPrimaryAngle=-10,
        PositionerSecondaryAngle=5,
        PositionerPrimaryAngleIncrement=[0, 2.5, 5],
        PositionerSecondaryAngleIncrement=[0, -1, -2],
    )
    assert angles(source) == [(-10, 5), (-7.5, 4), (-5, 3)]
    assert source.geometry == next(iter(source)).geometry


def test_angles_beyond_half_a_turn_go_round(write_cine):
    source = write_cine(
        PositionerPrimaryAngle=170, PositionerSecondaryAngle=0, PositionerPrimaryAngleIncrement=[0, 10, 20]
    )
    assert [primary for primary, _ in angles(source)] == [170, 180, -170]


def test_increments_for_another_number_of_frames_are_ignored_and_noted(write_cine):
    source = write_cine(
        PositionerPrimaryAngle=1, PositionerSecondaryAngle=0, PositionerPrimaryAngleIncrement=[0, 2]
    )
    assert angles(source) == [(1, 0)] * 3
    assert any("PositionerPrimaryAngleIncrement does not give" in note for note in source.notes)


def test_motion_without_angles_is_noted(write_cine):
    source = write_cine(PositionerMotion="DYNAMIC", PositionerPrimaryAngle=1, PositionerSecondaryAngle=0)
    assert any("the C-arm moves" in note for note in source.notes)


@pytest.mark.parametrize("elements", [{"TableMotion": "DYNAMIC"}, {"TableLateralIncrement": [0, 1, 2]}])
def test_moving_table_is_noted(write_cine, elements):
    assert any("the table moves" in note for note in write_cine(**elements).notes)


@pytest.mark.parametrize(
    "elements",
    [{"FieldOfViewHorizontalFlip": "YES"}, {"FieldOfViewRotation": 90}, {"PatientOrientation": ["R", "F"]}],
)
def test_mirrored_or_turned_image_is_noted(write_cine, elements):
    assert any("mirrored or turned" in note for note in write_cine(**elements).notes)


@pytest.mark.parametrize("elements", [{"FieldOfViewRotation": 0}, {"PatientOrientation": ["L", "F"]}, {}])
def test_upright_image_needs_no_note(write_cine, elements):
    assert not any("mirrored" in note for note in write_cine(**elements).notes)


def group(angle, spacing, stamp):
    position, pixel, content, macro = Dataset(), Dataset(), Dataset(), Dataset()
    position.PositionerPrimaryAngle, position.PositionerSecondaryAngle = angle, 0
    pixel.ImagerPixelSpacing = [spacing, spacing]
    content.FrameReferenceDateTime = stamp
    macro.PositionerPositionSequence = [position]
    macro.FramePixelDataPropertiesSequence = [pixel]
    macro.FrameContentSequence = [content]
    return macro


STAMPS = ("20240101101010.00", "20240101101010.05", "20240101101010.20")


def enhanced(count=3):
    distances, shared = Dataset(), Dataset()
    distances.DistanceSourceToDetector, distances.DistanceSourceToPatient = 1000, 500
    shared.XRayGeometrySequence = [distances]
    groups = [group(10 * index, 0.2 + 0.1 * index, stamp) for index, stamp in enumerate(STAMPS[:count])]
    return {"SharedFunctionalGroupsSequence": [shared], "PerFrameFunctionalGroupsSequence": groups}


def test_frames_of_an_enhanced_object_have_their_own_geometry_and_time(write_cine):
    frames = list(write_cine(**enhanced()))
    assert [round(math.degrees(frame.geometry.primary_angle)) for frame in frames] == [0, 10, 20]
    sizes = [frame.geometry.metres_per_px for frame in frames]
    assert sizes == pytest.approx([0.1e-3, 0.15e-3, 0.2e-3])
    assert [frame.time for frame in frames] == pytest.approx([0, 0.05, 0.2])


def test_functional_groups_for_another_number_of_frames_are_noted(write_cine):
    source = write_cine(**enhanced(2))
    assert angles(source) == [(0, 0)] * 3
    assert any("only those of the first are used" in note for note in source.notes)
