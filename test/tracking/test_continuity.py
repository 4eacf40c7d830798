"""One place decides how a frame follows the one before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.carm import uncalibrated
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.continuity import Continuation, Continuity

CONFIG = TrackingConfig()
SIZE = (1000, 1000)
START = 100.0


@pytest.fixture
def begun(geometry) -> Continuity:
    found = Continuity()
    found.of(START, geometry, SIZE, CONFIG)
    return found


def test_the_first_frame_has_nothing_to_forget(geometry):
    first = Continuity().of(1e9, geometry, SIZE, CONFIG)
    assert first is Continuation.FIRST
    assert not (first.new_view or first.new_procedure or first.time_jump)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (0.07, Continuation.CONTINUED),
        (1.0, Continuation.CONTINUED),
        (1.01, Continuation.AFTER_GAP),
        (0.0, Continuation.OUT_OF_ORDER),
        (-1.0, Continuation.OUT_OF_ORDER),
        (-1.01, Continuation.STEPPED_BACK),
    ],
)
def test_the_step_in_time_decides_first(begun, geometry, step, expected):
    assert begun.of(START + step, geometry, SIZE, CONFIG) is expected


def test_another_size_of_image_is_another_view(begun, geometry):
    assert begun.of(START + 0.1, geometry, (512, 512), CONFIG) is Continuation.VIEW_CHANGED


def test_a_lost_calibration_is_another_view(begun):
    assert begun.of(START + 0.1, uncalibrated(*SIZE), SIZE, CONFIG) is Continuation.VIEW_CHANGED


def test_a_slow_drift_of_the_c_arm_adds_up_to_a_move(begun, geometry):
    found = [
        begun.of(START + 0.1 * i, replace(geometry, primary_angle=0.001 * i), SIZE, CONFIG)
        for i in range(1, 10)
    ]
    assert found == [Continuation.CONTINUED] * 8 + [Continuation.VIEW_CHANGED]


def test_a_frame_out_of_order_does_not_move_the_clock(begun, geometry):
    begun.of(START - 0.5, geometry, SIZE, CONFIG)
    assert begun.of(START - 0.1, geometry, SIZE, CONFIG) is Continuation.OUT_OF_ORDER


def test_a_gap_that_was_allowed_meanwhile_is_none(begun, geometry):
    patient = replace(CONFIG, max_gap=5.0)
    assert begun.of(START + 4.0, geometry, SIZE, patient) is Continuation.CONTINUED


@given(st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=40))
def test_time_never_goes_back_within_a_procedure(geometry, steps):
    found, stamp, last = Continuity(), START, -float("inf")
    for step in steps:
        stamp += step
        how = found.of(stamp, geometry, SIZE, CONFIG)
        if how is Continuation.CONTINUED or how is Continuation.AFTER_GAP:
            assert stamp > last
        if how is not Continuation.OUT_OF_ORDER:
            last = stamp


@pytest.mark.parametrize("stamp", [float("nan"), float("inf")])
def test_a_stamp_that_is_no_number_is_refused(geometry, stamp):
    with pytest.raises(ValueError, match=f"stamp is {stamp}"):
        Continuity().of(stamp, geometry, SIZE, CONFIG)
