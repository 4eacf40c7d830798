"""The chest behind the devices: deterministic, attached to the patient, sane in every view."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tavi_perception.carm import Calibration, CArmGeometry
from tavi_perception.simulation.anatomy import (
    Anatomy,
    AnatomyConfig,
    Backdrop,
    draw_anatomy,
    project_anatomy,
)
from tavi_perception.simulation.anatomy.solids import CYLINDER, Grid, Solid, covered
from tavi_perception.simulation.view import View

ANNULUS = np.array([3.0, -2.0, 5.0])
SIZE = 200


def view_of(primary: float, secondary: float, centre: NDArray[np.float64] = ANNULUS) -> View:
    pitch = 180e-3 / SIZE * 1.4
    angles = np.radians([primary, secondary])
    geometry = CArmGeometry(1.12, 0.8, pitch, SIZE, SIZE, *angles, calibration=Calibration.GEOMETRY)
    return View(geometry, centre)


def patient(seed: int) -> Anatomy:
    return draw_anatomy(np.random.default_rng(seed), AnatomyConfig(), ANNULUS)


def total(backdrop: Backdrop) -> NDArray[np.float32]:
    return np.asarray(backdrop.still + backdrop.moving)


def test_same_seed_gives_the_same_bytes() -> None:
    first, second = (project_anatomy(patient(7), view_of(12, -5), SIZE) for _ in range(2))
    assert first.still.tobytes() == second.still.tobytes()
    assert first.moving.tobytes() == second.moving.tobytes()


def test_different_seeds_give_different_patients() -> None:
    first, second = (total(project_anatomy(patient(seed), view_of(0, 0), SIZE)) for seed in (1, 2))
    assert np.abs(first - second).mean() > 0.02


@pytest.mark.parametrize("primary", [-30, 0, 30])
@pytest.mark.parametrize("secondary", [-30, 0, 30])
def test_every_corner_view_gives_finite_attenuation_that_is_not_negative(
    primary: int, secondary: int
) -> None:
    backdrop = project_anatomy(patient(3), view_of(primary, secondary), SIZE)
    for plane in (backdrop.still, backdrop.moving):
        assert plane.shape == (SIZE, SIZE)
        assert plane.dtype == np.float32
        assert np.isfinite(plane).all()
        assert plane.min() >= 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-30, 30), st.floats(-30, 30))
def test_the_range_of_any_patient_stays_within_what_a_display_shows(
    seed: int, primary: float, secondary: float
) -> None:
    attenuation = total(project_anatomy(patient(seed), view_of(primary, secondary), SIZE))
    low, high = np.percentile(attenuation, [1, 99])
    assert 0.15 < high - low < 2.6


def test_the_spine_moves_against_the_annulus_with_the_primary_angle_as_geometry_says() -> None:
    anatomy = patient(5)
    behind = anatomy.spine.bodies[np.argmin(np.abs(anatomy.spine.bodies[:, 1] - ANNULUS[1]))] - ANNULUS
    shift = []
    for primary in (0.0, 30.0):
        view = view_of(primary, 0.0)
        grid = Grid(view, SIZE)
        bones = np.zeros((SIZE, SIZE), dtype=np.float32)
        anatomy.spine.add_to(bones, grid, 1.0)
        row = bones[SIZE // 2 - 30 : SIZE // 2 + 30].sum(axis=0)
        shift.append(float((row * np.arange(SIZE)).sum() / row.sum()))
    turned = np.cos(np.radians(30)) * behind[0] - np.sin(np.radians(30)) * behind[2]
    expected = (turned - behind[0]) * SIZE / 180
    assert shift[1] > shift[0]
    assert shift[1] - shift[0] == pytest.approx(expected, rel=0.5)


def test_a_table_shift_shows_the_same_body_moved() -> None:
    anatomy = patient(11)
    still = project_anatomy(anatomy, view_of(0, 0), SIZE).still
    moved = project_anatomy(anatomy, view_of(0, 0, ANNULUS + np.array([9.0, 0.0, 0.0])), SIZE).still
    same = np.corrcoef(still[:, 10:].ravel(), moved[:, :-10].ravel())[0, 1]
    unmoved = np.corrcoef(still.ravel(), moved.ravel())[0, 1]
    assert same > 0.9
    assert same > unmoved


def test_the_path_through_a_sphere_and_a_cylinder_is_their_chord() -> None:
    grid = Grid(view_of(0, 0), 3)
    near, far = grid.span(Solid(ANNULUS, np.full(3, 20.0)))
    assert far[1, 1] - near[1, 1] == pytest.approx(40.0, abs=1e-3)
    assert far[0, 0] == near[0, 0]
    upright = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, 1.0, 0]])
    near, far = grid.span(Solid(ANNULUS, np.array([10.0, 15.0, 20.0]), upright, CYLINDER))
    assert far[1, 1] - near[1, 1] == pytest.approx(30.0, abs=1e-3)


def test_overlapping_parts_count_once() -> None:
    def plane(value: float) -> NDArray[np.float32]:
        return np.full((1, 1), value, dtype=np.float32)

    parts = [(plane(a), plane(b)) for a, b in ((1, 4), (9, 12), (3, 5), (6, 6), (-3, -1))]
    assert covered((plane(0), plane(10)), parts)[0, 0] == 5.0
