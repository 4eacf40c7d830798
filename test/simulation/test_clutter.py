"""Bystanders: deterministic, projected like everything else, moved by root and body."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tavi_perception.carm import Calibration, CArmGeometry
from tavi_perception.simulation.clutter import (
    Bystanders,
    ClutterConfig,
    Solid,
    Strand,
    draw_bystanders,
    draw_coronary_tree,
)
from tavi_perception.simulation.distributions import Chance
from tavi_perception.simulation.paint import Layer
from tavi_perception.simulation.view import View

SIZE = 400
ZERO = np.zeros(3)
ROUTE = np.linspace([20.0, -90.0, -10.0], [5.0, 15.0, 8.0], 60)
ALL = ClutterConfig(
    **{
        name: Chance(1.0)
        for name in ("pacing_lead", "catheter", "probe", "sternal_wires", "clips", "electrodes", "calcium")
    }
)


def view_of(primary: float = 0.0, secondary: float = 0.0) -> View:
    angles = np.radians([primary, secondary])
    pitch = 180e-3 / SIZE * 1.4
    geometry = CArmGeometry(1.12, 0.8, pitch, SIZE, SIZE, *angles, calibration=Calibration.GEOMETRY)
    return View(geometry, ZERO)


def painted(
    bystanders: Bystanders,
    view: View,
    root: NDArray[np.float64] = ZERO,
    body: NDArray[np.float64] = ZERO,
) -> NDArray[np.uint8]:
    canvas = np.zeros((SIZE, SIZE), dtype=np.uint8)
    bystanders.paint_still(canvas, Layer(SIZE), view, body)
    bystanders.paint_moving(canvas, Layer(SIZE), view, root, body)
    return canvas


def centroid(canvas: NDArray[np.uint8]) -> NDArray[np.float64]:
    rows, columns = np.nonzero(canvas)
    return np.array([columns.mean(), rows.mean()])


def test_same_seed_gives_the_same_canvas() -> None:
    first, second = (
        painted(draw_bystanders(np.random.default_rng(4), ALL, ZERO, ROUTE), view_of()) for _ in range(2)
    )
    assert first.any()
    assert np.array_equal(first, second)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-30, 30), st.floats(-30, 30))
def test_any_selection_can_be_painted_in_any_view(seed: int, primary: float, secondary: float) -> None:
    bystanders = draw_bystanders(np.random.default_rng(seed), ALL, ZERO, ROUTE)
    painted(bystanders, view_of(primary, secondary), np.array([0.0, 12.0, 3.0]), np.array([0.0, 6.0, 0.0]))


def test_nothing_is_in_the_field_when_every_chance_is_zero() -> None:
    names = ("pacing_lead", "catheter", "probe", "sternal_wires", "clips", "electrodes", "calcium")
    config = ClutterConfig(**{name: Chance(0.0) for name in names})
    for seed in range(5):
        bystanders = draw_bystanders(np.random.default_rng(seed), config, ZERO, ROUTE)
        assert all(isinstance(part, Solid) for part in bystanders.still)
        assert not bystanders.moving


def test_a_strand_lies_where_its_points_project() -> None:
    points = np.array([[10.0, -20.0, 30.0], [14.0, -14.0, 36.0]])
    strand = Strand(points, 1.0, 0.5, 0.5, np.zeros(2))
    view = view_of(25, -15)
    found = centroid(painted(Bystanders((), (strand,)), view))
    assert found == pytest.approx(view.project(points).mean(axis=0), abs=0.6)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_part_follows_the_root_by_its_share_and_the_body_by_the_rest(share: float) -> None:
    points = np.array([[-4.0, 0.0, 0.0], [4.0, 0.0, 0.0]])
    bystanders = Bystanders((), (Strand(points, 2.0, 0.5, 0.5, np.full(2, share)),))
    root, body = np.array([20.0, 0.0, 0.0]), np.array([0.0, 20.0, 0.0])
    moved = centroid(painted(bystanders, view_of(), root, body)) - centroid(painted(bystanders, view_of()))
    px = SIZE / 180
    assert moved == pytest.approx(np.array([20 * share, 20 * (1 - share)]) * px, abs=0.6)


def test_what_is_still_ignores_the_root() -> None:
    bystanders = draw_bystanders(np.random.default_rng(2), ALL, ZERO, ROUTE)
    still = Bystanders(bystanders.still, ())
    assert np.array_equal(painted(still, view_of(), np.array([9.0, 9.0, 0.0])), painted(still, view_of()))


def test_a_pacing_lead_ends_in_the_darkest_electrode() -> None:
    config = ClutterConfig(pacing_lead=Chance(1.0), catheter=Chance(0.0), calcium=Chance(0.0))
    lead, tip, ring = draw_bystanders(np.random.default_rng(1), config, ZERO, ROUTE).moving
    assert isinstance(lead, Strand)
    assert isinstance(tip, Strand)
    assert isinstance(ring, Strand)
    assert tip.wall > lead.wall
    assert ring.wall > lead.wall
    assert np.linalg.norm(tip.points[0] - lead.points[-1]) < 0.1


def test_a_coronary_tree_fills_part_of_the_field() -> None:
    canvas = painted(draw_coronary_tree(np.random.default_rng(6), ZERO), view_of(-30, 10))
    assert 0.01 < (canvas > 0).mean() < 0.5
