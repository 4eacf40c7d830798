"""Heart, pacing, breathing and the room move the root as configured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tavi_perception.simulation.distributions import Chance, Normal, Uniform
from tavi_perception.simulation.motion import Motion, MotionConfig
from tavi_perception.simulation.room import RoomConfig, draw_room, still
from tavi_perception.simulation.scene import Scene
from tavi_perception.simulation.view import FloatArray

SceneOf = Callable[..., Scene]

HEART_ONLY = MotionConfig(
    excursion=Normal(10.0, 0.0, 10.0, 10.0), breath=Uniform(0.0, 0.0), sideways=Uniform(0.0, 0.0),
    pacing=Chance(1.0), pacing_share=Uniform(0.3, 0.3), coupling=Uniform(0.9, 0.9),
    pigtail_motion=Uniform(0.0, 0.0),
)  # fmt: skip


def travel(scene: Scene, config: MotionConfig, *, paced: bool) -> FloatArray:
    """(n,) mm of the root along its normal over 4 s, once pacing has taken hold."""
    motion = Motion(np.random.default_rng(0), config, scene.root)
    for _ in range(200):
        motion.step(0.01, paced)
    track = []
    for _ in range(400):
        motion.step(0.01, paced)
        track.append(motion.shifts(0.0).root @ scene.root.normal)
    return np.array(track)


def test_excursion_is_that_of_the_configuration_and_smaller_under_pacing(scene_of: SceneOf) -> None:
    free = travel(scene_of(1), HEART_ONLY, paced=False)
    paced = travel(scene_of(1), HEART_ONLY, paced=True)
    assert np.ptp(free) == pytest.approx(10.0, rel=0.12)
    assert np.ptp(paced) == pytest.approx(0.3 * np.ptp(free), rel=0.05)


def test_motion_has_no_jump_when_pacing_begins(scene_of: SceneOf) -> None:
    motion = Motion(np.random.default_rng(0), HEART_ONLY, scene_of(1).root)
    places = []
    for step in range(300):
        motion.step(0.01, step > 150)
        places.append(motion.shifts(0.0).root)
    assert np.linalg.norm(np.diff(places, axis=0), axis=1).max() < 1.6


def test_breathing_moves_root_device_and_pigtail_alike(scene_of: SceneOf) -> None:
    config = replace(HEART_ONLY, excursion=Normal(0, 0, 0, 0), breath=Uniform(12.0, 12.0))
    motion = Motion(np.random.default_rng(0), config, scene_of(1).root)
    caudal = []
    for _ in range(800):
        motion.step(0.01, False)
        shifts = motion.shifts(0.0)
        assert shifts.root == pytest.approx(shifts.device)
        assert shifts.root == pytest.approx(shifts.pigtail)
        caudal.append(shifts.root[1])
    assert np.ptp(caudal) == pytest.approx(12.0, rel=0.1)


def test_device_follows_the_root_by_its_coupling_until_the_frame_anchors_it(scene_of: SceneOf) -> None:
    motion = Motion(np.random.default_rng(0), HEART_ONLY, scene_of(1).root)
    motion.step(0.37, False)
    loose, anchored = motion.shifts(0.0), motion.shifts(1.0)
    assert loose.device == pytest.approx(0.9 * loose.root)
    assert anchored.device == pytest.approx(anchored.root)


def test_table_carries_the_picture_and_leaves_the_angles(scene_of: SceneOf) -> None:
    scene = scene_of(2)
    config = RoomConfig(table=Chance(1.0), carm=Chance(0.0))
    room = draw_room(np.random.default_rng(0), config, scene.view, 20.0)
    before, after = room.view(0.0), room.view(20.0)
    moved = np.linalg.norm(after.project(np.zeros(3)) - before.project(np.zeros(3)))
    assert 3.0 <= moved / scene.view.px_per_mm <= 15.0
    assert after.geometry == before.geometry == scene.view.geometry


def test_carm_turns_about_the_same_centre_within_its_limit(scene_of: SceneOf) -> None:
    scene = scene_of(2)
    config = RoomConfig(table=Chance(0.0), carm=Chance(1.0))
    for seed in range(20):
        room = draw_room(np.random.default_rng(seed), config, scene.view, 20.0)
        assert room.view(0.0).geometry == scene.view.geometry
        assert room.view(20.0).geometry == room.last.geometry
        assert abs(np.degrees(room.last.geometry.primary_angle)) <= 30.0 + 1e-9
        assert room.last.project(scene.view.centre) == pytest.approx(scene.view.project(scene.view.centre))


def test_still_room_never_changes_its_view(scene_of: SceneOf) -> None:
    scene = scene_of(2)
    late = still(scene.view).view(1e6)
    assert late.geometry == scene.view.geometry
    assert late.centre == pytest.approx(scene.view.centre)
