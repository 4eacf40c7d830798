"""What a pixel measures at the patient, and where it lies in space."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tavi_perception.carm import SPACING_RANGE, Calibration, CArmGeometry, uncalibrated

GEOMETRY = CArmGeometry(1.108, 0.788, 0.3e-3, 1000, 800, math.radians(-20), 0.1, Calibration.GEOMETRY)

pixels = st.floats(-2000, 2000)
ANGLES = st.floats(-3.1, 3.1)


def test_pixel_at_the_patient_is_the_detector_pixel_demagnified():
    assert GEOMETRY.metres_per_px == pytest.approx(0.3e-3 * 0.788 / 1.108, rel=1e-12)


def test_uncalibrated_geometry_has_no_metres():
    geometry = uncalibrated(640, 480)
    assert not geometry.calibrated
    assert math.isnan(geometry.metres_per_px)
    assert np.isnan(geometry.back_project(np.array([3.0, 4.0]))).all()


def test_unknown_angles_are_nan():
    geometry = uncalibrated(640, 480)
    assert math.isnan(geometry.primary_angle)
    assert math.isnan(geometry.secondary_angle)


def test_centre_of_the_image_lies_on_the_axis():
    centre = np.array([(1000 - 1) / 2, (800 - 1) / 2])
    assert GEOMETRY.back_project(centre) == pytest.approx([0, 0, 0.788])


@given(x=pixels, y=pixels)
def test_projection_undoes_back_projection(x, y):
    point = np.array([x, y])
    assert GEOMETRY.project(GEOMETRY.back_project(point)) == pytest.approx(point, abs=1e-6)


@given(x=pixels, y=pixels, dx=st.floats(-50, 50), dy=st.floats(-50, 50))
def test_back_projected_distances_are_pixel_distances_in_metres(x, y, dx, dy):
    one, other = GEOMETRY.back_project(np.array([[x, y], [x + dx, y + dy]]))
    expected = math.hypot(dx, dy) * GEOMETRY.metres_per_px
    assert np.linalg.norm(one - other) == pytest.approx(expected, abs=1e-9)


@given(factor=st.sampled_from([0.25, 0.5, 2, 4]))
def test_rescaled_image_keeps_its_field_of_view(factor):
    rescaled = GEOMETRY.for_image(int(1000 * factor), int(800 * factor))
    assert rescaled.metres_per_px * rescaled.image_width == pytest.approx(GEOMETRY.metres_per_px * 1000)
    assert rescaled.calibration is GEOMETRY.calibration
    assert rescaled.primary_angle == GEOMETRY.primary_angle


def test_image_of_another_aspect_ratio_is_uncalibrated():
    assert not GEOMETRY.for_image(800, 800).calibrated


def test_image_of_the_calibrated_size_keeps_its_geometry():
    assert GEOMETRY.for_image(1000, 800) is GEOMETRY


@pytest.mark.parametrize("name", ["source_to_detector", "source_to_object", "imager_pixel_spacing"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_impossible_length_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name):
        replace(GEOMETRY, **{name: value})


def test_patient_behind_the_detector_is_refused():
    with pytest.raises(ValueError, match="exceeds source_to_detector"):
        replace(GEOMETRY, source_to_object=1.2)


def test_empty_matrix_is_refused():
    with pytest.raises(ValueError, match="1000x0"):
        replace(GEOMETRY, image_height=0)


@given(ANGLES, ANGLES)
def test_the_orientation_is_the_rotation_as_a_quaternion(primary, secondary):
    turned = replace(GEOMETRY, primary_angle=primary, secondary_angle=secondary)
    assert np.allclose(Rotation.from_quat(turned.orientation).as_matrix(), turned.rotation.T)


def test_an_unknown_angle_counts_as_none():
    assert np.allclose(replace(GEOMETRY, primary_angle=math.nan, secondary_angle=0.0).rotation, np.eye(3))


@given(
    st.sampled_from(["source_to_detector", "source_to_object", "imager_pixel_spacing"]), st.floats(10, 1e6)
)
def test_a_length_in_a_smaller_unit_than_metres_is_refused(name, per_metre):
    value = getattr(GEOMETRY, name) * per_metre
    if name == "imager_pixel_spacing" and value <= SPACING_RANGE[1]:
        return  # a coarser detector
    with pytest.raises(ValueError, match=name):
        replace(GEOMETRY, **{name: value})


@given(st.floats(4, 180), st.sampled_from(["primary_angle", "secondary_angle"]))
def test_an_angle_in_degrees_is_refused_whether_calibrated_or_not(degrees, name):
    for geometry in (GEOMETRY, uncalibrated(1000, 800)):
        with pytest.raises(ValueError, match="rad"):
            replace(geometry, **{name: degrees})


def test_an_image_of_a_few_pixels_is_not_calibrated():
    assert not GEOMETRY.for_image(10, 8).calibrated
