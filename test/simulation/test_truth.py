"""The truth of a frame: what labels and geometry say is what holds in the scene."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tavi_perception.estimates import DepthReference
from tavi_perception.landmarks import ANNULUS, INFLOW_EDGE, Landmark
from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.contrast import Contrast
from tavi_perception.simulation.device import DeviceState
from tavi_perception.simulation.distributions import Chance, Normal
from tavi_perception.simulation.scene import Scene, at_rest
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


def full(scene: Scene, device: DeviceState) -> Truth:
    return truth_of(scene, at_rest(scene, device, Contrast(0.3, 0.3, 60.0)), 0.0)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("state", [DeviceState(2.5), DeviceState(9.0, 0.7)])
def test_depth_and_angle_from_labels_are_those_in_space_where_nothing_is_foreshortened(
    seed: int, state: DeviceState
) -> None:
    scene = Scene(np.random.default_rng(seed), 1000, IN_PLANE)
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
    assert truth.deviation.depth == pytest.approx(depth_px * metres, abs=1e-6)


def test_diameter_in_the_truth_is_that_of_the_root() -> None:
    scene = Scene(np.random.default_rng(3), 1000, IN_PLANE)
    truth = full(scene, DeviceState(0.0))
    assert truth.annulus.diameter == pytest.approx(scene.root.diameter * 1e-3, abs=0.05e-3)


def test_depth_is_that_of_the_frame_edge_once_it_is_out(scene_of: SceneOf) -> None:
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
