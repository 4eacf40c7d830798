"""What is drawn, and where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tavi_perception.estimates import AnnulusFrame, CatheterDeviation, Keypoints, Reason
from tavi_perception.landmarks import COLOURS_RGB, COUNT, Landmark
from tavi_perception.visualization.overlay import draw_overlay

TARGET, TOLERANCE = 0.003, 0.002


def draw(scene, **changes) -> np.ndarray:
    scene = replace(scene, **changes)
    metres_per_px = scene.geometry.metres_per_px
    return draw_overlay(
        scene.image, scene.keypoints, scene.annulus, scene.deviation, TARGET, TOLERANCE, metres_per_px
    )


def flat(size: int) -> np.ndarray:
    return np.full((size, size), 120, np.uint8)


def nothing(size: int) -> Keypoints:
    return Keypoints.absent(size, size)


@pytest.mark.parametrize("landmark", [Landmark.CT, Landmark.CP, Landmark.PT, Landmark.STJ1])
def test_landmark_is_drawn_in_its_colour_where_it_is(scene, landmark: Landmark) -> None:
    made = scene(1000)
    column, row = np.round(made.keypoints.xy[landmark]).astype(int)
    red, green, blue = COLOURS_RGB[landmark]
    np.testing.assert_allclose(draw(made)[row, column].astype(int), (blue, green, red), atol=40)


def test_bridged_point_has_a_hollow_mark(scene) -> None:
    made = scene(1000)
    only = Keypoints.absent(1000, 1000)
    only.xy[Landmark.PT] = (300.0, 600.0)
    bridged = draw(made, image=flat(1000), keypoints=only, annulus=AnnulusFrame())
    only.measured[Landmark.PT] = True
    measured = draw(made, image=flat(1000), keypoints=only, annulus=AnnulusFrame())
    assert np.ptp(bridged[600, 300]) == 0
    assert np.ptp(measured[600, 300]) > 50


@pytest.mark.parametrize("sign", [1, -1])
def test_band_covers_the_tolerance_on_the_side_of_the_ventricle(scene, sign: int) -> None:
    made = scene(1000, sign)
    plain = draw(made, image=flat(1000), keypoints=nothing(1000), annulus=AnnulusFrame())
    banded = draw(
        made, image=flat(1000), keypoints=nothing(1000), annulus=replace(made.annulus, diameter=0.030)
    )
    rows, columns = np.nonzero((banded != plain).any(axis=2))
    places = made.annulus.to_annulus(np.column_stack([columns, rows])) * made.geometry.metres_per_px
    beside = (places[:, 0] > -0.018) & (places[:, 0] < -0.012)  # clear of the axes and of the panel
    depths = places[beside & (np.abs(places[:, 1]) > 0.0006), 1]  # without the annulus line itself
    assert depths.min() == pytest.approx(TARGET - TOLERANCE, abs=0.0004)
    assert depths.max() == pytest.approx(TARGET + TOLERANCE, abs=0.0004)


@pytest.mark.parametrize(("depth", "channel"), [(0.003, 1), (0.009, 2)])
def test_band_is_green_within_tolerance_and_amber_outside(scene, depth: float, channel: int) -> None:
    made = scene(1000, depth=depth)
    picture = draw(made, image=flat(1000), keypoints=nothing(1000))
    inside = np.array([0.011, TARGET + 0.001]) / made.geometry.metres_per_px
    column, row = np.round(inside @ made.annulus.axes + (made.annulus.x, made.annulus.y)).astype(int)
    assert picture[row, column].argmax() == channel


def test_uncalibrated_image_has_no_band(scene) -> None:
    made = scene(600)
    inside = np.array([0.011, TARGET + 0.001]) / made.geometry.metres_per_px
    column, row = np.round(inside @ made.annulus.axes + (made.annulus.x, made.annulus.y)).astype(int)
    picture = draw_overlay(
        flat(600), nothing(600), made.annulus, made.deviation, TARGET, TOLERANCE, float("nan")
    )
    np.testing.assert_array_equal(picture[row, column], 120)


def test_verdict_is_green_when_valid_and_red_when_not(scene) -> None:
    made = scene(512)
    valid = draw(made, image=flat(512))
    invalid = draw(made, image=flat(512), deviation=CatheterDeviation(reasons=Reason.NO_ANNULUS))
    corner = (10, 500)
    assert (valid[corner].argmax(), invalid[corner].argmax()) == (1, 2)


def test_every_reason_makes_the_panel_longer(scene) -> None:
    made = scene(512)
    heights = []
    for reasons in (Reason.NO_ANNULUS, Reason.NO_ANNULUS | Reason.UNCALIBRATED):
        picture = draw(
            made, image=flat(512), keypoints=nothing(512), deviation=CatheterDeviation(reasons=reasons)
        )
        heights.append(int((picture[:, 500] != 120).any(axis=1).sum()))
    assert heights[1] > heights[0]


def test_given_image_is_left_as_it_was(scene) -> None:
    made = scene(256)
    before = made.image.copy()
    draw(made)
    np.testing.assert_array_equal(made.image, before)


numbers = st.floats(-1e9, 1e9) | st.just(np.nan)
pixel_sizes = st.floats(1e-9, 1.0) | st.just(np.nan)


@settings(max_examples=60, deadline=None)
@given(
    xy=arrays(np.float64, (COUNT, 2), elements=numbers),
    covariance=arrays(np.float64, (COUNT, 2, 2), elements=numbers),
    pose=st.tuples(numbers, numbers, numbers),
    lengths=st.tuples(numbers, numbers, numbers, pixel_sizes),
    shape=st.tuples(st.integers(1, 90), st.integers(1, 90)),
)
def test_no_numbers_break_the_picture(xy, covariance, pose, lengths, shape) -> None:
    height, width = shape
    seen = np.ones(COUNT, dtype=bool)
    keypoints = Keypoints(width, height, seen.astype(float), seen, seen, xy, covariance)
    annulus = AnnulusFrame(x=pose[0], y=pose[1], angle=pose[2], diameter=lengths[0], valid=True)
    deviation = CatheterDeviation(True, depth=lengths[1], depth_sigma=lengths[2])
    picture = draw_overlay(np.zeros(shape, np.uint8), keypoints, annulus, deviation, 0.003, 0.002, lengths[3])
    assert picture.shape == (height, width, 3)
