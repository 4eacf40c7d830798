"""A view turns with the C-arm's angles and projects as a pinhole camera."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.carm import Calibration, CArmGeometry, rotation
from tavi_perception.simulation.view import View

ANGLES = st.floats(-0.6, 0.6)


def view_at(primary: float, secondary: float) -> View:
    geometry = CArmGeometry(1.148, 0.810, 2.4e-4, 1000, 1000, primary, secondary, Calibration.USER)
    return View(geometry, np.array([10.0, -20.0, 5.0]))


@given(primary=ANGLES, secondary=ANGLES)
def test_rotation_is_orthonormal_and_right_handed(primary: float, secondary: float) -> None:
    turn = rotation(primary, secondary)
    assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1.0)


def test_lao_turns_the_detector_to_the_patients_left_and_cra_towards_the_head() -> None:
    assert rotation(0.3, 0.0)[2, 0] > 0  # x is the patient's left
    assert rotation(0.0, 0.3)[2, 1] < 0  # y is caudal


@given(primary=ANGLES, secondary=ANGLES)
def test_centre_of_the_view_lies_in_the_middle_of_the_image_at_the_depth_of_the_object(
    primary: float, secondary: float
) -> None:
    view = view_at(primary, secondary)
    assert view.project(view.centre) == pytest.approx([499.5, 499.5])
    assert view.to_image_frame(view.centre)[2] == pytest.approx(0.810)


@given(primary=ANGLES, secondary=ANGLES, x=st.floats(-60, 60), y=st.floats(-60, 60), z=st.floats(-60, 60))
def test_ray_through_the_pixel_of_a_point_passes_through_the_point(
    primary: float, secondary: float, x: float, y: float, z: float
) -> None:
    view, point = view_at(primary, secondary), np.array([x, y, z])
    column, row = view.project(point)
    source, direction = view.rays(np.array(column), np.array(row))
    away = np.linalg.norm(np.cross(point - source, direction))
    assert away == pytest.approx(0.0, abs=1e-6)


def test_nearer_to_the_source_things_look_larger() -> None:
    view = view_at(0.0, 0.0)
    near, far = view.magnification(view.centre + np.array([[0, 0, -50.0], [0, 0, 50.0]]))
    assert near > view.px_per_mm > far
