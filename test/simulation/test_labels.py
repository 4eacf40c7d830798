"""Labels follow the rules by which experts mark landmarks, and lie where things were drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tavi_perception.landmarks import ANNULUS, FRAME_EDGE, JUNCTION, NEEDS_CONTRAST, Landmark
from tavi_perception.simulation.contrast import Injection
from tavi_perception.simulation.delivery import draw_delivery
from tavi_perception.simulation.device import DeviceState, pose
from tavi_perception.simulation.labels import landmark_positions, visible_keypoints
from tavi_perception.simulation.paint import Layer
from tavi_perception.simulation.samples import sample
from tavi_perception.simulation.scene import Contents, Moment, Scene

SIZE = 128
seeds = st.integers(0, 2**31)
scene_settings = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def scene_of(seed: int, contents: Contents | None = None) -> Scene:
    return Scene(np.random.default_rng(seed), SIZE, contents or Contents())


@given(seed=seeds)
@scene_settings
def test_points_are_inside_the_image_and_absent_ones_have_no_coordinates(seed: int) -> None:
    image, truth = sample(seed, SIZE)
    assert image.shape == (SIZE, SIZE)
    assert np.isnan(truth.xy[~truth.present]).all()
    assert ((truth.xy[truth.present] >= 0) & (truth.xy[truth.present] <= SIZE - 1)).all()
    assert (truth.measured == truth.present).all()


@given(seed=seeds, advance=st.floats(-20, 15), extraction=st.floats(0, 0.97))
@scene_settings
def test_root_is_invisible_without_contrast(seed: int, advance: float, extraction: float) -> None:
    truth = visible_keypoints(scene_of(seed), Moment(DeviceState(advance, extraction)))
    assert not truth.present[list(NEEDS_CONTRAST)].any()


@given(seed=seeds)
@scene_settings
def test_junction_is_visible_only_when_contrast_reaches_it(seed: int) -> None:
    scene = scene_of(seed)
    low = visible_keypoints(scene, Moment(DeviceState(0.0), Injection(0.3, 0.3, reach=8.0)))
    high = visible_keypoints(scene, Moment(DeviceState(0.0), Injection(0.3, 0.3, reach=60.0)))
    assert not low.present[list(JUNCTION)].any()
    assert (high.present[list(ANNULUS)] == low.present[list(ANNULUS)]).all()
    inside = np.isfinite(high.xy[list(JUNCTION)]).all(axis=1)
    assert (high.present[list(JUNCTION)] == inside).all()


@given(seed=seeds)
@scene_settings
def test_local_injection_shows_only_the_pigtail_side(seed: int) -> None:
    truth = visible_keypoints(scene_of(seed), Moment(DeviceState(0.0), Injection(0.3, 0.0, reach=60.0)))
    assert not truth.present[[Landmark.AA2, Landmark.STJ2]].any()


@given(seed=seeds, extraction=st.floats(0, 0.97))
@scene_settings
def test_frame_edge_exists_once_out_of_the_capsule_and_cm_until_it_passed(
    seed: int, extraction: float
) -> None:
    points = landmark_positions(scene_of(seed), Moment(DeviceState(5.0, extraction)))
    exists = np.isfinite(points).all(axis=1)
    assert exists[Landmark.CM] == (extraction < 0.5)
    if extraction > 0.06:
        assert exists[list(FRAME_EDGE)].all()
    if extraction < 0.03:
        assert not exists[list(FRAME_EDGE)].any()


@given(seed=seeds)
@scene_settings
def test_pigtail_lies_near_aa1(seed: int) -> None:
    scene = scene_of(seed)
    points = landmark_positions(scene, Moment(DeviceState(0.0)))
    distance = math.dist(points[Landmark.PT], points[Landmark.AA1]) / scene.patient.scale
    assert distance <= 7.5  # mm; FIELD.md: 15-45 px of 0.17 mm.


@given(seed=seeds, extraction=st.floats(0.1, 0.97))
@scene_settings
def test_fe1_is_on_the_side_of_aa1(seed: int, extraction: float) -> None:
    scene = scene_of(seed)
    points = landmark_positions(scene, Moment(DeviceState(5.0, extraction)))
    assert (points[Landmark.FE2] - points[Landmark.FE1]) @ scene.patient.axes[0] > 0


def test_things_that_are_not_there_have_no_landmarks() -> None:
    scene = scene_of(5, Contents(delivery=False, pigtail=False))
    truth = visible_keypoints(scene, Moment(DeviceState(0.0)))
    assert not truth.present.any()


@pytest.mark.parametrize("landmark", [Landmark.CD, Landmark.CT, Landmark.CP])
def test_label_lies_on_the_drawn_device(landmark: Landmark) -> None:
    """Where the device is, the picture with it is darker than the picture of the same scene without it."""
    seed, size = 11, 500
    noise = np.random.default_rng(0)
    moment = Moment(DeviceState(6.0))
    scene = Scene(np.random.default_rng(seed), size)
    without = Scene(np.random.default_rng(seed), size, Contents(delivery=False))
    truth = visible_keypoints(scene, moment)
    assert truth.present[landmark]
    difference = without.render(moment, np.random.default_rng(0)).astype(int) - scene.render(moment, noise)
    x, y = np.round(truth.xy[landmark]).astype(int)
    at_label = difference[y - 2 : y + 3, x - 2 : x + 3].mean()
    assert at_label > 4 * abs(np.median(difference))
    assert at_label > 8


def test_marker_band_is_the_darkest_place_across_its_label() -> None:
    """The drawn band's centre along the capsule agrees with CD to 0.75 px of 1000."""
    scene = Scene(np.random.default_rng(21), 1000)
    moment = Moment(DeviceState(6.0))
    canvas = np.zeros((1000, 1000), dtype=np.uint8)
    draw_delivery(
        canvas, Layer(1000), scene.device, moment.device, scene.route, np.zeros((2, 2)), scene.patient.scale
    )
    mouth = pose(scene.device, moment.device).mouth
    truth = landmark_positions(scene, moment)[Landmark.CD]
    # Half-way between axis and wall: no wire, no inner shaft.
    across = scene.route.lateral_at(mouth) * scene.device.capsule_width * 0.33 * scene.patient.scale
    along = np.array([-scene.route.lateral_at(mouth)[1], scene.route.lateral_at(mouth)[0]])
    offsets = np.arange(-20.0, 20.25, 0.25)
    profile = np.array([_bilinear(canvas, truth + across + o * along) for o in offsets])
    dark = profile > 0.8 * profile.max()
    assert abs(offsets[dark].mean()) <= 0.75


def _bilinear(plane: np.ndarray, point: np.ndarray) -> float:
    x, y = point
    column, row = int(x), int(y)
    fx, fy = x - column, y - row
    patch = plane[row : row + 2, column : column + 2].astype(float)
    return float(np.array([1 - fy, fy]) @ patch @ np.array([1 - fx, fx]))
