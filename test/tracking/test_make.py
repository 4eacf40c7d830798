"""A delivery system of another make makes every deviation invalid, and one odd frame does not."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import Reason
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.make import MakeTracker

from .conftest import Follower, Scene

STEP = 1 / 15


def said_after(probabilities: list[float]) -> float:
    tracker = MakeTracker()
    return [tracker.update(probability, STEP * n) for n, probability in enumerate(probabilities)][-1]


@given(st.floats(0.0, 1.0), st.integers(1, 40))
def test_what_is_said_of_every_frame_is_believed(probability: float, frames: int) -> None:
    assert (said_after([probability] * frames) > 0.5) == (probability > 0.5)


def test_one_frame_that_errs_changes_nothing() -> None:
    assert said_after([0.01] * 15 + [1.0]) < 0.05


def test_another_system_is_noticed_within_two_seconds() -> None:
    assert said_after([0.01] * 60 + [0.99] * 30) > 0.5


def test_a_model_that_does_not_tell_makes_apart_says_nothing() -> None:
    assert math.isnan(said_after([0.99, 0.99, math.nan]))


@pytest.mark.parametrize(("foreign", "valid"), [(math.nan, True), (0.02, True), (0.98, False)])
def test_a_deviation_is_valid_only_of_a_device_that_is_known(
    foreign: float, valid: bool, scene: Scene, geometry: CArmGeometry
) -> None:
    follower, keypoints = Follower(TrackingConfig()), replace(scene.keypoints(), foreign=foreign)
    for number in range(30):
        frame = follower.update(keypoints, STEP * number, geometry)
    assert frame.deviation.valid == valid
    assert (Reason.UNKNOWN_DEVICE in frame.deviation.reasons) == (not valid)
    assert frame.annulus.valid
