"""The truth of a frame: what labels and geometry say is what holds in the scene."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from tavi_perception.estimates import DepthReference, Stage
from tavi_perception.landmarks import ANNULUS, INFLOW_EDGE, Landmark
from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.contrast import Contrast
from tavi_perception.simulation.device import DeviceState
from tavi_perception.simulation.distributions import Chance, Normal
from tavi_perception.simulation.robot import Command, Robot
from tavi_perception.simulation.scene import Contents, Scene, at_rest
from tavi_perception.simulation.truth import Truth, truth_of

SceneOf = Callable[..., Scene]

IN_PLANE = SimulationConfig()
IN_PLANE = replace(
    IN_PLANE,
    view=replace(IN_PLANE.view, off_plane=Normal(0, 0, 0, 0), oblique=Chance(0.0)),
    root=replace(IN_PLANE.root, hinge_turn=Normal(0, 0, 0, 0)),
    route=replace(IN_PLANE.route, off_plane=Normal(0, 0, 0, 0), off_centre=Normal(0, 0, 0, 0)),
)
"""Root and device lie in the plane of the annulus parallel to the detector: nothing is foreshortened."""


@lru_cache(maxsize=1)  # a scene has fields of noise, tens of megabytes
def in_plane(seed: int) -> Scene:
    return Scene(np.random.default_rng(seed), 1000, IN_PLANE)


def full(scene: Scene, device: DeviceState) -> Truth:
    return truth_of(scene, at_rest(scene, device, Contrast(0.3, 0.3, 60.0)), 0.0)


@pytest.mark.parametrize("state", [DeviceState(2.5), DeviceState(9.0, 0.7)])
@pytest.mark.parametrize("seed", range(30))
def test_depth_and_angle_from_labels_are_those_in_space_where_nothing_is_foreshortened(
    seed: int, state: DeviceState
) -> None:
    scene = in_plane(seed)
    truth = full(scene, state)
    assert truth.deviation.reference is not DepthReference.NONE, "the device is outside the picture"
    assert truth.deviation.depth == pytest.approx(truth.spatial_depth, abs=0.05e-3)
    if state.extraction == 0.0:
        pixels = scene.view.project(scene.route.at(np.array([-1.0, 1.0])))
        axis = truth.annulus.to_annulus(pixels[1]) - truth.annulus.to_annulus(pixels[0])
        angle = abs(math.atan2(axis[0], axis[1]))
        assert angle == pytest.approx(truth.spatial_angle, abs=math.radians(0.1))


def test_depth_by_hand_from_labels_and_geometry_is_the_deviations(scene_of: SceneOf) -> None:
    scene = scene_of(11, size=1000)
    truth = full(scene, DeviceState(2.0))
    xy = truth.keypoints.xy
    first, second = xy[list(ANNULUS)]
    across = (second - first) / np.linalg.norm(second - first)
    normal = np.array([-across[1], across[0]])
    depth_px = (xy[Landmark.CD] - (first + second) / 2) @ normal
    metres = scene.view.geometry.imager_pixel_spacing * (
        scene.view.geometry.source_to_object / scene.view.geometry.source_to_detector
    )
    assert truth.deviation.depth == pytest.approx(depth_px * metres, abs=0.02e-3)


def test_diameter_in_the_truth_is_that_of_the_root() -> None:
    scene = Scene(np.random.default_rng(3), 1000, IN_PLANE)
    truth = full(scene, DeviceState(0.0))
    assert truth.annulus.diameter == pytest.approx(scene.root.diameter * 1e-3, abs=0.05e-3)


def test_depth_is_that_of_the_inflow_edge_once_it_is_out(scene_of: SceneOf) -> None:
    scene = scene_of(11, size=1000)
    truth = full(scene, DeviceState(9.0, 0.7))
    corners = truth.annulus.to_annulus(truth.keypoints.xy)[list(INFLOW_EDGE), 1]
    assert truth.deviation.reference is DepthReference.STENT
    expected = corners.mean() * scene.view.geometry.metres_per_px
    assert truth.deviation.depth == pytest.approx(expected, abs=1e-6)


def test_annulus_y_axis_points_into_the_ventricle(scene_of: SceneOf) -> None:
    for seed in range(20):
        scene = scene_of(seed, size=1000)
        truth = full(scene, DeviceState(0.0))
        place = truth.annulus.to_annulus(scene.view.project(truth.points_mm))
        assert place[Landmark.CT, 1] > place[Landmark.CD, 1] > place[Landmark.CP, 1]


def test_extraction_in_the_image_follows_the_capsule(scene_of: SceneOf) -> None:
    scene = scene_of(11, size=1000)
    for extraction in (0.0, 0.2, 0.5, 0.8):
        assert full(scene, DeviceState(5.0, extraction)).deviation.extraction == pytest.approx(
            extraction, abs=0.04
        )


def drive(robot: Robot, scene: Scene, command: Command, frames: int) -> list[Truth]:
    """Truths of frames of 1/30 s, heart and breathing at rest."""
    found = []
    for _ in range(frames):
        robot.step(1 / 30, command)
        found.append(full(scene, robot.device))
    return found


@pytest.mark.parametrize("seed", range(2))
def test_depth_is_continuous_from_the_sheathed_device_to_the_release(scene_of: SceneOf, seed: int) -> None:
    scene = scene_of(seed, size=1000)
    robot = Robot(np.random.default_rng(seed), SimulationConfig().robot, scene.device)
    advancing = drive(robot, scene, Command(2.0, 0.0, hold=False), 200)
    retracting = drive(robot, scene, Command(0.0, 2.0, hold=False), 1000)
    attached = [each for each in advancing + retracting if each.deviation.stage is not Stage.RELEASED]
    depths = np.array([each.deviation.depth for each in attached])
    extraction = np.array([each.deviation.extraction for each in attached])
    assert extraction.min() < 0.001 and extraction.max() > 0.95
    assert {each.deviation.reference for each in attached} == {DepthReference.CAPSULE, DepthReference.STENT}
    assert np.abs(np.diff(depths)).max() <= 0.1e-3


@pytest.mark.parametrize("seed", range(8))
def test_the_marker_band_lies_at_the_inflow_edge_while_the_stent_is_sheathed(
    scene_of: SceneOf, seed: int
) -> None:
    scene = scene_of(seed, size=1000)
    truth = full(scene, DeviceState(2.0))
    band = truth.annulus.to_annulus(scene.view.project(truth.points_mm))[Landmark.CD, 1]
    assert truth.deviation.depth == pytest.approx(band * scene.view.geometry.metres_per_px, abs=0.02e-3)


def test_the_capsule_that_covers_the_inflow_edge_does_not_change_where_it_is(scene_of: SceneOf) -> None:
    scene = scene_of(4, size=1000)
    covered, hidden = full(scene, DeviceState(2.0, 0.03)), full(scene, DeviceState(2.0))
    foreshortened = scene.device.shortening * scene.device.capsule_length * 0.03**2
    assert not covered.keypoints.present[list(INFLOW_EDGE)].any()
    assert hidden.deviation.depth - covered.deviation.depth == pytest.approx(
        foreshortened * 1e-3, rel=0.3, abs=1e-6
    )


def test_truth_without_a_device_knows_the_annulus_alone() -> None:
    scene = Scene(np.random.default_rng(2), 1000, IN_PLANE, Contents(delivery=False))
    truth = full(scene, DeviceState(0.0))
    assert truth.annulus.valid
    assert not truth.deviation.valid
    assert truth.deviation.stage is Stage.UNKNOWN
    assert math.isnan(truth.deviation.depth) and math.isnan(truth.spatial_depth)


def test_stent_tilt_is_the_lead_of_the_second_corner(scene_of: SceneOf) -> None:
    scene = scene_of(11, size=1000)
    truth = full(scene, DeviceState(9.0, 0.7))
    depths = truth.annulus.to_annulus(truth.keypoints.xy)[list(INFLOW_EDGE), 1]
    expected = (depths[1] - depths[0]) * scene.view.geometry.metres_per_px
    assert truth.deviation.stent_tilt == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_lateral_and_angle_are_those_of_the_centre_line_at_the_annulus_line(
    scene_of: SceneOf, seed: int
) -> None:
    scene = scene_of(seed, size=1000)
    truth = full(scene, DeviceState(-15.0))
    line = truth.annulus.to_annulus(scene.view.project(scene.route.at(np.array([-2.0, 2.0]))))
    assert line[0, 1] < 0 < line[1, 1]
    crossing = np.interp(0.0, line[:, 1], line[:, 0]) * scene.view.geometry.metres_per_px
    assert truth.deviation.lateral == pytest.approx(crossing, abs=0.05e-3)
    across, along = line[1] - line[0]
    assert truth.deviation.angle == pytest.approx(math.atan2(across, along), abs=math.radians(0.5))
