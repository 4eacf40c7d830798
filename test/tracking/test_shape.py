"""The device keeps its shape: what differs is doubted, and for how long."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tavi_perception.estimates import DepthReference
from tavi_perception.landmarks import Landmark
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.shape import ShapeCheck

RATE = 15.0
CONFIG = TrackingConfig()
AWAY = {Landmark.CD: (40.0, 30.0)}
"""A misassociated marker band (px): 50 of the 10 it may be off."""


@pytest.fixture
def fits(scene):
    """``fits(away, seconds)``: what is said of each frame of so many seconds with CD away or not."""
    check, frames = ShapeCheck(), iter(range(10_000))

    def answers(away: bool, seconds: float) -> list[bool]:
        seen = scene.keypoints(shift=AWAY if away else {})
        return [
            check.update(seen, DepthReference.CAPSULE, next(frames) / RATE, CONFIG)
            for _ in range(round(seconds * RATE))
        ]

    assert all(answers(False, 1.0))
    return answers


def test_another_shape_is_refused_for_as_long_as_the_device_s_patience(fits):
    found = fits(True, 3.0)
    assert sum(not each for each in found) == pytest.approx(CONFIG.device_patience * RATE, abs=1)
    assert found[-1]


def test_after_a_moment_away_the_known_shape_is_trusted_at_once(fits):
    assert not any(fits(True, CONFIG.bridging_time))
    assert all(fits(False, 1.0))


def test_after_longer_the_known_shape_must_have_been_back_for_a_moment(fits):
    assert not any(fits(True, 1.0))
    found = fits(False, 1.0)
    assert sum(not each for each in found) == pytest.approx(CONFIG.bridging_time * RATE, abs=1)
    assert found[-1]


def test_a_glimpse_of_the_former_shape_is_not_it(fits):
    assert not any(fits(True, 1.0))
    assert not any(fits(False, 2 / RATE))
    assert not any(fits(True, 0.2))


def test_a_band_that_is_off_by_a_little_more_in_each_frame_does_not_take_the_shape_with_it(scene):
    check = ShapeCheck()
    found = []
    for i in range(20):
        creep = max(i - 10, 0) * 6.0
        seen = scene.keypoints(shift={Landmark.CD: (0.8 * creep, 0.6 * creep)})
        found.append(check.update(seen, DepthReference.CAPSULE, i / RATE, CONFIG))
    assert all(found[:11])
    assert not any(found[15:])


@pytest.mark.parametrize(
    "edge, reference, believed", [(False, DepthReference.CAPSULE, False), (True, DepthReference.STENT, True)]
)
def test_a_capsule_that_is_suddenly_drawn_back_is_refused_only_while_it_stands_for_the_inflow_edge(
    scene, edge, reference, believed
):
    check, found = ShapeCheck(), []
    for i in range(25):
        # 15 mm/s.
        extraction = 0.3 + max(i - 15, 0) / RATE * 0.015 / scene.metres_per_px / scene.sheathed
        seen = scene.but(extraction=extraction, edge=edge).keypoints()
        found.append(check.update(seen, reference, i / RATE, CONFIG))
    assert all(found[:16])
    assert all(found[16:]) is believed


def test_a_frame_that_opens_quickly_to_both_sides_keeps_its_shape(scene):
    check, found = ShapeCheck(), []
    for i in range(30):
        # Each side 7 mm/s.
        opened = max(i - 15, 0) / RATE * 0.007 / scene.metres_per_px
        across = opened * np.array([math.cos(scene.turn), math.sin(scene.turn)])
        seen = scene.but(edge=True).keypoints(
            shift={Landmark.FE1: tuple(-across), Landmark.FE2: tuple(across)}
        )
        found.append(check.update(seen, DepthReference.STENT, i / RATE, CONFIG))
    assert all(found)


@pytest.mark.parametrize(
    ("across", "along", "kept"), [(22.0, 0.0, True), (0.0, 22.0, False), (50.0, 0.0, False)]
)
def test_a_corner_of_the_frame_may_be_seen_elsewhere_on_its_rim_but_not_at_another_depth(
    scene, across, along, kept
):
    check, open_frame = ShapeCheck(), scene.but(edge=True)
    seen = open_frame.keypoints()
    for i in range(15):
        assert check.update(seen, DepthReference.STENT, i / RATE, CONFIG)
    axis = seen.xy[Landmark.CD] - seen.xy[Landmark.CP]
    axis = axis / np.hypot(*axis)
    by = along * axis + across * np.array([-axis[1], axis[0]])
    moved = open_frame.keypoints(shift={Landmark.FE2: tuple(by)})
    assert check.update(moved, DepthReference.STENT, 1.0, CONFIG) is kept
